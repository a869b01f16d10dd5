"""What the sink's client writes to a real Milvus, read by pymilvus. The C test itself checks the classes of answers."""

import os
import pathlib
import subprocess

from parts import ROOT

TESTS = ROOT / "sink-connector" / "tests"
LEFT = ("_all", "_binary", "_text")


def live_test():
    default = ROOT / "build" / "dev" / "sink-connector" / "test_milvus_live"
    return pathlib.Path(os.environ.get("KITESTREAM_LIVE_TEST", default))


def run(server, name):
    assert live_test().exists(), f"{live_test()} has not been built"
    env = os.environ | {"KITESTREAM_TARGET": server.address, "KITESTREAM_LIVE_NAME": name}
    done = subprocess.run([live_test()], cwd=TESTS, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SKIPPED" not in done.stdout + done.stderr


def all_types(key, n):
    return {
        "id": key, "b": n % 2 != 0, "i8": n, "i16": n, "i32": n, "i64": n * 10**9, "f": float(f"{n}.5"),
        "d": float(f"{n}.25"), "s": f"text {n} é", "j": {"n": n}, "ab": [True, False], "ai8": [n, 1], "ai16": [n],
        "ai32": [], "ai64": [n, -n], "af": [float(f"{n}.5")], "ad": [0.1, float(f"{n}.25")], "as": ["", f"x{n}"],
        "fv": [float(n), 2.0, 3.0, 4.0], "extra": n,
    }


def test_rows_of_every_type(target, name):
    run(target, name)
    inserted, upserted, new = all_types(1, -1), all_types(2, 22), all_types(4, 4)
    assert target.rows(f"{name}_all", [1, 2, 3, 4]) == {1: inserted, 2: upserted, 4: new}
    binary = target.rows(f"{name}_binary", [1, 2])
    assert {key: row["bv"] for key, row in binary.items()} == {1: [b"\x01\x02"], 2: [b"\xff\x00"]}
    for suffix in LEFT:
        target.drop(name + suffix)
