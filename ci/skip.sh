# To be sourced: `skip REASON` ends the calling script, which cannot check anything here. As tests/support/skip.rs does, it writes the
# reason to the list of skipped checks ($SIMMPI_SKIPPED), and fails where SIMMPI_REQUIRE is "all".
skip() {
    local line="SKIPPED ${0##*/}: $*"
    echo "$line" >&2
    [ -z "${SIMMPI_SKIPPED:-}" ] || echo "$line" >>"$SIMMPI_SKIPPED"
    [ "${SIMMPI_REQUIRE:-}" != all ] || exit 1
    exit 0
}
