#!/usr/bin/env python3
"""Writes the basis sets beside this file from the Basis Set Exchange.

    pip install basis_set_exchange==0.12 && python3 data/basis/make.py

H to Ar; one file per set, in Gaussian94 form, with the line `spherical` or `cartesian` that psi4's files have too. Numbers are
written in as few digits as give the same double. Each contraction is a shell of its own; what it shares with a function that
stands alone is left out of it (`optimize_general`): the space is the same, the integrals are fewer.

Version 0 of each set (the data of the original exchange) is what PySCF 2.14, NWChem 7.0.2 and, but for the four elements below,
psi4 1.3.2 have, to the last digit; version 1 has more digits (STO-3G, 6-31G) and other polarisation functions (cc sets of Li,
Be, Na, Mg).

Whether d functions are spherical is psi4's choice, which is the exchange's but for Na to Ar in 6-311G**: Cartesian in the
exchange, spherical in psi4 and, where it is not told otherwise, in PySCF, as Li to Ne are in all three.
"""
import textwrap
from pathlib import Path

import basis_set_exchange as exchange

VERSION = "0"
ELEMENTS = range(1, 19)
SYMBOLS = "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar".split()
# Li, Be, Na, Mg, of which version 0 is not what was published later: version 1's references are not theirs.
UNPUBLISHED = dict.fromkeys(["cc-pVDZ", "cc-pVTZ", "aug-cc-pVDZ", "aug-cc-pVTZ"], {3, 4, 11, 12})
SETS = {
    "STO-3G": "spherical",
    "6-31G": "cartesian",
    "6-31G*": "cartesian",
    "6-31G**": "cartesian",
    "6-311G**": "spherical",
    "cc-pVDZ": "spherical",
    "cc-pVTZ": "spherical",
    "aug-cc-pVDZ": "spherical",
    "aug-cc-pVTZ": "spherical",
    "def2-SVP": "spherical",
    "def2-TZVP": "spherical",
}


def file_name(name):
    return name.lower().replace("*", "s") + ".gbs"


def ranges(numbers):
    """As in `H, Li-Ne`."""
    numbers, words = sorted(numbers), []
    while numbers:
        last = 0
        while last + 1 < len(numbers) and numbers[last + 1] == numbers[last] + 1:
            last += 1
        first, end = SYMBOLS[numbers[0] - 1], SYMBOLS[numbers[last] - 1]
        words.append(first if last == 0 else f"{first}-{end}" if last > 1 else f"{first}, {end}")
        numbers = numbers[last + 1:]
    return ", ".join(words)


def citation(key):
    found = exchange.get_reference_data()[key]
    authors = found.get("authors", [])
    authors = [f"{authors[0]} et al."] if len(authors) > 6 else authors
    words = [", ".join(authors), *(found.get(part) for part in ("title", "journal", "volume", "pages", "note"))]
    text = ", ".join(word for word in words if word)
    text += f" ({found['year']})" if "year" in found else ""
    return text + (f", DOI {found['doi']}" if "doi" in found else "")


def references(name):
    """A line for each paper and the elements it is about."""
    newest = exchange.get_metadata()[exchange.misc.transform_basis_name(name)]["latest_version"]
    elements_of = {}
    for number in ELEMENTS:
        version = VERSION if number in UNPUBLISHED.get(name, ()) else newest
        [element] = exchange.get_basis(name, elements=[number], version=version)["elements"].values()
        for key in dict.fromkeys(key for entry in element["references"] for key in entry["reference_keys"]):
            elements_of.setdefault(key, []).append(number)
    return [f"{ranges(numbers)}: {citation(key)}" for key, numbers in elements_of.items()]


def shells(name, number):
    basis = exchange.get_basis(
        name, elements=[number], version=VERSION, uncontract_spdf=True, optimize_general=True, uncontract_general=True
    )
    [element] = basis["elements"].values()
    assert "ecp_potentials" not in element
    return sorted(element["electron_shells"], key=lambda shell: shell["angular_momentum"])


def text(name, functions):
    lines = [f"{name}, Basis Set Exchange {exchange.__version__}, version {VERSION} of the set"]
    if name in UNPUBLISHED:
        lines.append(f"{ranges(UNPUBLISHED[name])}: as before Prascher et al., Theor. Chem. Acc. 128, 69-82 (2011)")
    out = [f"! {line}" for line in lines]
    for reference in references(name):
        out += textwrap.wrap(reference, 120, initial_indent="! Reference: ", subsequent_indent="!   ", break_on_hyphens=False)
    out += [functions, "****"]
    for number in ELEMENTS:
        out.append(f"{SYMBOLS[number - 1]} 0")
        for shell in shells(name, number):
            [angular], [coefficients] = shell["angular_momentum"], shell["coefficients"]
            rows = [(e, c) for e, c in zip(shell["exponents"], coefficients) if float(c) != 0]
            out.append(f"{'SPDFGHI'[angular]} {len(rows)} 1.00")
            out += [f"  {float(exponent)!r} {float(coefficient)!r}" for exponent, coefficient in rows]
        out.append("****")
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    for name, functions in SETS.items():
        (Path(__file__).parent / file_name(name)).write_text(text(name, functions))
