#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints, as C, static assertions that hold if the compiler lays out structs as the given BPF objects
do: layouts.py BPFTOOL HEADERS... -- OBJECTS...; exits 1 if a struct of the headers is in no object."""

import json
import re
import subprocess
import sys


class Btf:
    """The types of one object, by id."""

    def __init__(self, bpftool, path):
        dump = subprocess.run([bpftool, "-j", "btf", "dump", "file", path], check=True,
                              stdout=subprocess.PIPE)
        self.types = {t["id"]: t for t in json.loads(dump.stdout)["types"]}

    def structs(self):
        return [t for t in self.types.values() if t["kind"] == "STRUCT"]

    def members(self, struct, prefix="", base=0):
        """(path, bit offset) of all members, through anonymous and named structs and unions."""
        for member in struct["members"]:
            kind = self.types.get(member["type_id"], {})
            at = base + member["bits_offset"]
            anonymous = member["name"] == "(anon)"
            path = prefix if anonymous else prefix + member["name"]
            if not anonymous:
                yield path, at
            if kind.get("kind") in ("STRUCT", "UNION"):
                yield from self.members(kind, path if anonymous else path + ".", at)


def main(args):
    bpftool, rest = args[0], args[1:]
    headers, objects = rest[:rest.index("--")], rest[rest.index("--") + 1:]
    wanted = {name for header in headers
              for name in re.findall(r"^struct (evmon_\w+) \{", open(header, encoding="utf-8").read(), re.M)}
    seen, lines = set(), set()
    for path in objects:
        btf = Btf(bpftool, path)
        for struct in btf.structs():
            name = struct["name"]
            if name not in wanted:
                continue
            seen.add(name)
            lines.add(f"_Static_assert(sizeof(struct {name}) == {struct['size']}, "
                      f"\"{name}: BPF has {struct['size']} bytes\");")
            for member, bits in btf.members(struct):
                lines.add(f"_Static_assert(__builtin_offsetof(struct {name}, {member}) == {bits // 8}, "
                          f"\"{name}.{member}: BPF has it at byte {bits // 8}\");")
    print("\n".join(f'#include "{header}"' for header in headers))
    print("\n".join(sorted(lines)))
    for name in sorted(wanted - seen):
        print(f"layouts: struct {name} is in none of the objects", file=sys.stderr)
    print(f"layouts: {len(seen)} structs, {len(lines)} sizes and offsets", file=sys.stderr)
    return 1 if wanted - seen or not seen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
