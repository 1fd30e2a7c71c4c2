#!/bin/bash
# A campaign on two hosts joined by a network gives the same results as on one. Needs root: the hosts are network namespaces.
set -eu
cd "$(dirname "$0")/.."
fixture=$(realpath ci/fixtures/two_hosts.sh)
. ci/skip.sh
[ "$(id -u)" -eq 0 ] || skip "it needs root"
command -v ip >/dev/null || skip "there is no ip (package iproute2)"
folder=$(mktemp -d)
trap 'bash "$fixture" down >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT
bash "$fixture" up || skip "two hosts cannot be made here"
for hosts in two one; do
    mkdir "$folder/$hosts"
    sed 's/^output = .*/output = "results.h5"/' examples/spin_boson.toml > "$folder/$hosts/config.toml"
done
program=$(realpath target/debug/simmpi)
timeout 120 bash "$fixture" run "$program" "$folder/two/config.toml"
timeout 120 "$program" "$folder/one/config.toml"
h5diff "$folder/one/results.h5" "$folder/two/results.h5" /results
[ "$(h5dump -d /run/ranks/host "$folder/two/results.h5" | grep -o '"smn[12]"' | sort -u | wc -l)" = 2 ]
echo "ok: two hosts give the same results as one"
