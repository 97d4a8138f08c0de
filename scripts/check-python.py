#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Check Python files: one line for each finding.

Usage: scripts/check-python.py FILE...

Each file parses, has lines of at most 100 characters without trailing space, and says by
name what it imports: no "import *", no name that it neither binds nor imports, no import
that it does not use or that the other file of the tree does not have.

Example: scripts/check-python.py selftests/*.py selftests/lib/*.py
"""
# Copyright (C) 2026 nvnic contributors

import ast
import builtins
import os
import symtable
import sys

KNOWN = set(dir(builtins)) | {"__file__", "__name__", "__doc__", "__path__"}
WIDTH = 100
# Scripts that share the library of the selftests have this in their path.
SELFTESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "selftests")


def scopes(table):
    """A symbol table and all that are inside it."""
    yield table
    for child in table.get_children():
        yield from scopes(child)


def bound(top):
    """Names of the module, also those that a function binds as "global"."""
    names = {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported()}
    return names | {s.get_name() for scope in scopes(top) for s in scope.get_symbols()
                    if s.is_declared_global() and s.is_assigned()}


def used(top):
    """Names of the module that it refers to, anywhere."""
    return {s.get_name() for scope in scopes(top) for s in scope.get_symbols()
            if s.is_referenced() and (scope is top or s.is_global())}


def other_file(path, node):
    """The file of the tree that "from ... import" names, or None."""
    here = os.path.join(os.path.dirname(path), *[".."] * (node.level - 1))
    for base in (here,) if node.level else (here, SELFTESTS):
        other = os.path.join(base, *(node.module or "").split(".")) + ".py"
        if node.module and os.path.exists(other):
            return other
    return None


def imports(path, tree):
    """(line, name, what is wrong with it or None) of each name that the file imports"""
    for node in ast.walk(tree):
        if not isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        other = other_file(path, node) if isinstance(node, ast.ImportFrom) else None
        there = bound(symtable.symtable(read(other), other, "exec")) if other else None
        for alias in node.names:
            name = alias.asname or alias.name.split(".")[0]
            if alias.name == "*":
                yield node.lineno, name, "import *: name what is used"
            elif there is not None and alias.name not in there:
                yield node.lineno, name, f"{other} has no {alias.name}"
            else:
                yield node.lineno, name, None


def read(path):
    """Text of a file."""
    with open(path, encoding="utf-8") as file:
        return file.read()


def names(path, text):
    """(line, finding) about the names in a file"""
    tree, top = ast.parse(text, path), symtable.symtable(text, path, "exec")
    refers, has = used(top), bound(top)
    for line, name, wrong in imports(path, tree):
        if wrong:
            yield line, wrong
        elif name in has and name not in refers:
            yield line, f"{name} is imported and not used"
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in refers - has - KNOWN:
            yield node.lineno, f"{node.id} is neither bound nor imported"
            refers.discard(node.id)


def layout(text):
    """(line, finding) about the lines of a file"""
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > WIDTH or line != line.rstrip():
            yield number, f"over {WIDTH} characters, or trailing space: mend it"


def main():
    """Print the findings; the status is 1 if there are any."""
    if not sys.argv[1:] or sys.argv[1] in ("-h", "--help"):
        print(__doc__.strip())
        sys.exit(not sys.argv[1:])
    count = 0
    for path in sys.argv[1:]:
        text = read(path)
        try:
            found = sorted([*layout(text), *names(path, text)])
        except SyntaxError as error:
            found = [(error.lineno, error.msg)]
        for line, finding in found:
            print(f"{path}:{line}: {finding}")
        count += len(found)
    sys.exit(bool(count))


if __name__ == "__main__":
    main()
