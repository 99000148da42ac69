#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The verbs about policies, over the corpora in tests/policies: what is wrong is said where it is,
what is shown reads back as the same policy, the schema agrees with the parser, and the golden files
hold. `policy.py --renew` writes the golden files anew; read what git says of them then.

Debian's python3-jsonschema and python3-yaml are used, hence the fixed interpreter.
"""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import jsonschema
import yaml

from lines import PATIENCE
from world import EVMON, ROOT, Tap, same, true

GOOD, FAILED, USAGE, INVALID, PERMISSION = 0, 1, 2, 3, 5
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"]
GOLDEN = "tests/policies/golden"
SITE = (f"{GOLDEN}/product.yaml", f"{GOLDEN}/site.yaml")

GOLDEN_FILES = {  # what is in the file: what was called, and its status
    "show-site.yaml": (("policy", "show", *SITE), GOOD),
    "diff-product.txt": (("policy", "diff", "built-in", SITE[0]), FAILED),
    "diff-site.txt": (("policy", "diff", *SITE), FAILED),
    "diff-enforce.txt": (("policy", "diff", "policies/default.yaml", "policies/enforce.yaml"),
                         FAILED),
}

# What a schema can't say: it needs two values at once, or limits of what a number means.
NOT_STRUCTURAL = re.compile(
    "too like a known rule|to switch off|can never match|contradicts|leaves nothing for|"
    "stands twice|is shorter than|out of range|lower one first.*did you mean|too many bind items|"
    "too many modules")
# What is no part of the tree any more when a schema sees it.
OF_YAML = re.compile("not supported|a second document|not YAML|nested too deeply|control bytes|"
                     "a key is a word|an empty key|too many values|text too long")


def run(*argv, prefix=(), stdout=subprocess.PIPE):
    done = subprocess.run([*prefix, EVMON, *argv], stdout=stdout, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, cwd=ROOT, timeout=PATIENCE, check=False)
    return done.returncode, (done.stdout or b"").decode(), done.stderr.decode().splitlines()


def corpus(kind):
    files = sorted(glob.glob(f"tests/policies/{kind}/*.yaml", root_dir=ROOT))
    true(f"{len(files)} {kind} files", len(files) >= (60 if kind == "bad" else 15))
    return files


def read(path):
    with open(os.path.join(ROOT, path), "rb") as file:
        return file.read()


def announced(path):
    """The mistakes that a bad file's first line names: (place, words)."""
    line = read(path).split(b"\n", 1)[0].decode()
    for mistake in line.removeprefix("# ").split(" | "):
        place, words = mistake.split(" ", 1)
        yield place, words


def bad_files():
    for path in corpus("bad"):
        status, out, said = run("check", path)
        same(f"{path}: status", status, INVALID)
        same(f"{path}: standard output", out, "")
        expected = list(announced(path))
        same(f"{path}: how many of {said}", len(said), len(expected))
        for line, (place, words) in zip(said, expected):
            true(f"{line} is not at {place}", line.startswith(f"{path}:{place}: "))
            true(f"{line} does not say {words}", words in line)


def good_files():
    for path in corpus("good") + ["policies/default.yaml", "policies/enforce.yaml"]:
        status, out, said = run("check", path)
        same(f"{path}: {said}", status, GOOD)
        true(out, re.fullmatch(rf"policy [0-9a-f]{{8}} is valid: {re.escape(path)} over the "
                               "built-in policy\n", out))
        same(f"{path}: standard error", said, [])


def hash_of(*paths):
    status, out, said = run("check", *paths)
    same(f"{paths}: {said}", status, GOOD)
    return out.split()[1]


def shown_reads_back(directory):
    for paths in [(path,) for path in corpus("good")] + [SITE, ("policies/enforce.yaml",)]:
        status, out, said = run("policy", "show", *paths)
        same(f"show {paths}: {said}", status, GOOD)
        shown = directory + "/shown.yaml"
        with open(shown, "w", encoding="utf-8") as file:
            file.write(out)
        same(f"{paths}: shown and read again", hash_of(shown), hash_of(*paths))
        true("names its hash", out.startswith(f"# policy {hash_of(*paths)}: "))
        for line in out.splitlines()[1:]:
            true(f"{line}: no origin", line.endswith(":") or re.search(
                r" # (built-in|[^ ]+:\d+)$", line))
        if len(paths) == 1:
            same(f"{paths}: no difference", run("policy", "diff", paths[0], shown)[0], GOOD)


def differences():
    same("the page and itself", run("policy", "diff", "built-in", "policies/default.yaml"),
         (GOOD, "they allow and forbid the same\n", []))
    for path in corpus("good"):
        built_in = read(path).startswith(b"# = built-in\n")
        status, out, _ = run("policy", "diff", "built-in", path)
        same(f"{path}: {out}", status, GOOD if built_in else FAILED)
        same(f"{path}: says what", out != "they allow and forbid the same\n", not built_in)
    for pair in (("built-in", corpus("bad")[0]), (corpus("bad")[0], "built-in")):
        same(f"diff {pair}: status", run("policy", "diff", *pair)[0], INVALID)


class Core(yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser, yaml.composer.Composer,
           yaml.constructor.SafeConstructor, yaml.resolver.BaseResolver):
    """Values as YAML 1.2's core schema, and so an editor, sees them."""

    def __init__(self, stream):
        yaml.reader.Reader.__init__(self, stream)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)
        yaml.composer.Composer.__init__(self)
        yaml.constructor.SafeConstructor.__init__(self)
        yaml.resolver.BaseResolver.__init__(self)

    def decimal(self, node):
        return int(self.construct_scalar(node))


Core.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("^(~|null|Null|NULL|)$"), None)
Core.add_implicit_resolver("tag:yaml.org,2002:bool",
                           re.compile("^(true|True|TRUE|false|False|FALSE)$"), None)
Core.add_implicit_resolver("tag:yaml.org,2002:int", re.compile("^[-+]?[0-9]+$"), None)
Core.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(
    r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$"), None)
Core.add_constructor("tag:yaml.org,2002:int", Core.decimal)


def schema():
    status, out, said = run("policy", "schema")
    same(f"schema: {said}", status, GOOD)
    tree = json.loads(out)
    jsonschema.Draft202012Validator.check_schema(tree)
    validator = jsonschema.Draft202012Validator(tree)
    for path in corpus("good") + list(SITE) + ["policies/default.yaml", "policies/enforce.yaml"]:
        for loader in (yaml.BaseLoader, Core):
            faults = [f"{list(e.absolute_path)}: {e.message[:200]}" for e in
                      validator.iter_errors(yaml.load(read(path), loader))]
            same(f"{path} as {loader.__name__} reads it", faults, [])
    return validator


def schema_refuses(validator):
    """What is wrong in form fails; what is not leaves the schema content, so that the list of
    what it can't say is just that. All values are text here, as they are to the parser."""
    structural, faults = 0, []
    for path in corpus("bad"):
        said = [line.split(": ", 1)[1] for line in run("check", path)[2]]
        if any(OF_YAML.search(line) for line in said):
            continue
        tree = yaml.load(read(path), yaml.BaseLoader)
        wrong_in_form = any(not NOT_STRUCTURAL.search(line) for line in said)
        structural += wrong_in_form
        if validator.is_valid(tree) == wrong_in_form:
            faults.append(f"{path}: {said}")
    same("files that the schema sees otherwise than the parser", faults, [])
    true(f"{structural} files are wrong in form", structural >= 60)


def golden(renew=False):
    for name, (argv, status) in GOLDEN_FILES.items():
        got, out, said = run(*argv)
        same(f"{' '.join(argv)}: {said}", got, status)
        if renew:
            with open(os.path.join(ROOT, GOLDEN, name), "w", encoding="utf-8") as file:
                file.write(out)
        same(f"{GOLDEN}/{name} (renew with tests/e2e/policy.py --renew)", out,
             read(f"{GOLDEN}/{name}").decode())


def enforce_differs_in_actions_only():
    """Nothing but `action` keys, and nothing of them but alert that became deny."""
    def leaves(tree, path=()):
        if isinstance(tree, dict):
            for key, value in tree.items():
                yield from leaves(value, (*path, key))
        elif isinstance(tree, list) and tree and isinstance(tree[0], dict):
            for item in tree:
                yield from leaves(item, (*path, item["rule"]))
        else:
            yield path, tree

    default = dict(leaves(yaml.load(read("policies/default.yaml"), yaml.BaseLoader)))
    enforce = dict(leaves(yaml.load(read("policies/enforce.yaml"), yaml.BaseLoader)))
    denied = []
    for path in default.keys() | enforce.keys():
        a, b = default.get(path), enforce.get(path)
        if path[-1] == "action":
            true(f"{path}: {a} becomes {b}", (a or "alert", b or "alert") in (
                ("alert", "alert"), ("alert", "deny")))
            denied += [path] * (b == "deny")
        else:
            same(str(path), b, a)
    same("what is denied", denied, [("bind", "bind.admin-panel", "action")])


def files_that_are_not_believed(directory):
    path = directory + "/policy.yaml"
    shutil.copy(os.path.join(ROOT, "policies/default.yaml"), path)
    os.chmod(path, 0o666)
    same("others may write", run("check", path), (INVALID, "", [
        f"{path}: can be written by others than its owner: chmod go-w"]))
    os.chmod(path, 0o644)
    os.chown(path, 4321, 4321)
    same("somebody else's", run("check", path), (INVALID, "", [
        f"{path}: belongs neither to root nor to the caller: chown root"]))
    os.chown(path, 0, 0)
    os.truncate(path, (1 << 20) + 1)
    same("too large", run("check", path), (INVALID, "", [f"{path}: is larger than 1 MiB"]))
    os.remove(path)
    same("missing", run("check", path), (INVALID, "", [
        f"{path}: cannot be read: No such file or directory"]))
    os.mkfifo(path)
    same("a fifo", run("check", path), (INVALID, "", [f"{path}: is not a regular file"]))
    os.remove(path)
    with open(path, "w", encoding="utf-8") as file:
        file.write("version: 1\n")
    os.chmod(path, 0o600)
    os.chmod(directory, 0o755)
    same("not to be read", run("check", path, prefix=NOBODY), (PERMISSION, "", [
        f"{path}: cannot be read: Permission denied"]))
    os.remove(path)
    with open(path, "w", encoding="utf-8") as file:
        file.write("version: 1\n" + "".join(f"nonsense{i}: 1\n" for i in range(25)))
    status, _, said = run("check", path)
    same("twenty, and a count", (status, len(said), said[-1]), (INVALID, 21, "and 5 more"))


def deep_nesting_is_quick(directory):
    path = directory + "/deep.yaml"
    with open(path, "w", encoding="utf-8") as file:
        file.write("version: 1\nusb: " + "[" * 80000)
    status, _, said = run("check", path)
    same("status", status, INVALID)
    true(said[0], "nested too deeply" in said[0])


def examples(directory):
    """What the documents show is taken as it stands."""
    found = 0
    for document in ("docs/policy.md", "policies/README.md"):
        for text in re.findall(r"^```yaml\n(.*?)^```", read(document).decode(), re.M | re.S):
            path = directory + "/example.yaml"
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            status, _, said = run("check", path)
            same(f"{document}: {text}{said}", status, GOOD)
            found += 1
    true(f"{found} examples", found >= 2)


def explanations():
    status, out, said = run("explain")
    same(f"explain: {said}", status, GOOD)
    rules = re.findall(r"^([a-z]+\.[a-z-]+) \((?:low|medium|high|critical)\)$", out, re.M)
    same("the closed list", len(rules), 36)
    listed = set(re.findall(r'"((?:capability|exec|usb|config|self)\.[a-z-]+)"',
                            read("docs/alert.schema.json").decode()))
    same("those of docs/alert.schema.json", listed, {r for r in rules if r[:5] != "bind."})
    for rule in rules:
        status, out, said = run("explain", rule)
        same(f"explain {rule}: {said}", status, GOOD)
        for head in ("What it says", "Why it matters", "What to do"):
            true(f"{rule}: {head}", f"\n{head}\n  " in out)
    status, out, _ = run("explain", "bind.our-own")
    same("a vendor's", status, GOOD)
    true(out, "the vendor's own" in out)
    for word, meant in (("bind.admin-panle", "bind.admin-panel"), ("exec.rot", "exec.root"),
                        ("root", "exec.root"), ("usb.hids", "usb.hid")):
        status, out, said = run("explain", word)
        same(f"explain {word}", (status, out, len(said)), (USAGE, "", 1))
        true(said[0], f'did you mean "{meant}"?' in said[0])


def usage():
    for argv, names in ((("policy",), "policy --help"), (("policy", "shwo"), '"show"'),
                        (("policy", "diff", "a"), "two policies"),
                        (("policy", "diff", "a", "b", "c"), "two policies"),
                        (("policy", "show", "--bogus"), "--bogus"),
                        (("policy", "schema", "x"), "x"), (("check", "--bogus"), "--bogus"),
                        (("explain", "exec.root", "x"), "x"), (("explain", "--bogus"), "--bogus"),
                        (("chek",), 'did you mean "check"')):
        status, out, said = run(*argv)
        same(f"{argv}: {said}", (status, out, len(said)), (USAGE, "", 1))
        true(f"{said[0]} does not name {names}", names in said[0])
    for argv in (("check",), ("policy",), ("policy", "show"), ("policy", "diff"),
                 ("policy", "schema"), ("explain",)):
        status, out, said = run(*argv, "--help")
        same(f"{argv} --help", (status, said), (GOOD, []))
        true(f"{argv}: {out}", out.startswith("Usage: evmon " + " ".join(argv)))
    with open("/dev/full", "wb") as full:
        same("a full disk", run("policy", "schema", stdout=full)[0], FAILED)


def main(args):
    if args == ["--renew"]:
        golden(renew=True)
        return 0
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="evmon-policy-") as directory:
        tap.check("each bad file says what and where", bad_files)
        tap.check("each good file is valid", good_files)
        tap.check("what is shown reads back", shown_reads_back, directory)
        tap.check("what differs is said", differences)
        validator = tap.check("the schema takes each good file", schema)
        tap.check("the schema refuses what is wrong in form", schema_refuses, validator)
        tap.check("golden files", golden)
        tap.check("enforce.yaml differs in actions only", enforce_differs_in_actions_only)
        tap.check("files that are not believed", files_that_are_not_believed, directory)
        tap.check("deep nesting", deep_nesting_is_quick, directory)
        tap.check("examples in the documents", examples, directory)
        tap.check("explanations", explanations)
        tap.check("usage", usage)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
