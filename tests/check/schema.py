#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds lines to docs/alert.schema.json or docs/event.schema.json, whichever they name.

schema.py FILE...   every line of the files (`-`: standard input) must be valid, in the order of
                    members that the schema lists, without a member twice, at most 8 KiB, with the
                    hash that its bytes have
schema.py           the schemas themselves are sound and agree with each other

Debian's python3-jsonschema is used, hence the fixed interpreter. Exits 1 with a line a fault.
"""

import hashlib
import json
import os
import sys

import jsonschema

DOCS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs")
LINE_MAX = 8192


class Schema:
    def __init__(self, name):
        with open(os.path.join(DOCS, name + ".schema.json"), encoding="utf-8") as file:
            self.tree = json.load(file)
        jsonschema.Draft202012Validator.check_schema(self.tree)
        self.validator = jsonschema.Draft202012Validator(self.tree)
        self.title = self.tree["title"]

    def faults(self, value):
        for error in self.validator.iter_errors(value):
            where = "/".join(str(step) for step in error.absolute_path)
            yield f"{where}: {error.message[:300]}"
        yield from self.disorder(value, self.tree, "")

    def known(self, node):
        """The object schemas that a node stands for, through $ref and anyOf."""
        if "$ref" in node:
            node = self.tree["$defs"][node["$ref"].rsplit("/", 1)[1]]
        if "properties" in node:
            yield node
        for choice in node.get("anyOf", ()):
            yield from self.known(choice)

    def disorder(self, value, node, where):
        """Objects whose members stand in no order that the schema lists."""
        nodes = list(self.known(node))
        if where == "object":
            nodes = [d for d in self.tree["$defs"].values() if "properties" in d]
        if not isinstance(value, dict) or not nodes:
            return
        orders = [[name for name in n["properties"] if name in value] for n in nodes]
        if list(value) not in orders:
            yield f"{where or 'line'}: members out of order: {', '.join(value)}"
            return
        properties = nodes[orders.index(list(value))]["properties"]
        for name, inner in value.items():
            yield from self.disorder(inner, properties[name], name)


def no_twins(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError(f"a member stands twice: {', '.join(names)}")
    return dict(pairs)


def no_number(text):
    raise ValueError(f"{text} is no number of JSON")


def line_faults(line, schemas):
    if len(line) > LINE_MAX or not line.endswith(b"\n"):
        yield f"{len(line)} bytes, or no newline"
    try:
        value = json.loads(line.decode("utf-8"), object_pairs_hook=no_twins,
                           parse_constant=no_number)
    except (ValueError, UnicodeDecodeError) as error:
        yield str(error)
        return
    schema = schemas.get(value.get("schema") if isinstance(value, dict) else None)
    if not schema:
        yield "names no schema"
        return
    yield from schema.faults(value)
    if "hash" in value:
        covered = line[:line.rindex(b',"hash"')]
        if hashlib.sha256(covered).hexdigest() != value["hash"]:
            yield "hash is not that of the bytes before it"


def agreement(alert, event):
    """What both have is the same, and an event is the alert without the journal's members."""
    for name, definition in event.tree["$defs"].items():
        if alert.tree["$defs"].get(name) != definition:
            yield f"$defs/{name} differs between the schemas"
    of_journal = ("journal", "seq", "durable", "prev", "hash")
    rest = [name for name in alert.tree["properties"] if name not in of_journal]
    if rest != list(event.tree["properties"]):
        yield "the schemas list their members differently"


def main(paths):
    alert, event = Schema("alert"), Schema("event")
    schemas = {schema.title: schema for schema in (alert, event)}
    faults = [f"docs: {fault}" for fault in agreement(alert, event)]
    lines = 0
    for path in paths:
        with sys.stdin.buffer if path == "-" else open(path, "rb") as file:
            for number, line in enumerate(file, 1):
                lines += 1
                faults += [f"{path}:{number}: {fault}" for fault in line_faults(line, schemas)]
    if paths and not lines:
        faults.append("no line to check")
    for fault in faults[:40]:
        print(fault)
    print(f"schema: {lines} lines, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
