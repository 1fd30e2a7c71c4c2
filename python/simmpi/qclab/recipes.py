"""Are two functions, or two recipes, the same?"""

from functools import partial


def same_function(one, other):
    """Whether two functions are one, or two partial functions bind the same arguments of one function."""
    if isinstance(one, partial) and isinstance(other, partial):
        return one.func is other.func and one.args == other.args and one.keywords == other.keywords
    return one is other


def name_of(task):
    """The name of a task as its user knows it."""
    return getattr(task.func if isinstance(task, partial) else task, "__name__", repr(task))


def same_recipe(one, other):
    """Whether two lists of tasks are the same, in the same order."""
    return len(one) == len(other) and all(map(same_function, one, other))


def difference(given, expected):
    """What was changed in a list of tasks: names of added and of removed ones, or that their order or arguments differ."""
    added = [name_of(task) for task in given if not any(same_function(task, known) for known in expected)]
    removed = [name_of(task) for task in expected if not any(same_function(task, known) for known in given)]
    parts = [f"{word} {', '.join(names)}" for word, names in (("added", added), ("removed", removed)) if names]
    return "; ".join(parts) or "tasks in another order or number"
