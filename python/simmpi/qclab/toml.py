"""How is a value written in TOML?"""

import json
from numbers import Integral, Real


def value(item):
    """The text of a number, text, truth value, list, or table of such (an inline table)."""
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, Integral):
        return str(int(item))
    if isinstance(item, Real):
        # The shortest text that reads back as the same number.
        return repr(float(item))
    if isinstance(item, dict):
        return "{ " + ", ".join(f"{key} = {value(entry)}" for key, entry in item.items()) + " }"
    if isinstance(item, (list, tuple)):
        return "[" + ", ".join(value(entry) for entry in item) + "]"
    return json.dumps(str(item), ensure_ascii=False)


def tables(sections):
    """The text of a document of tables `{name: {key: item}}`."""
    lines = []
    for name, section in sections.items():
        lines += [f"[{name}]", *(f"{key} = {value(item)}" for key, item in section.items()), ""]
    return "\n".join(lines)
