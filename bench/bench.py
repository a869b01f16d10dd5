"""All measurements in one run; bench/run has built the program and started the parts.

In: a folder for files, the folder of the parts, the build, options. Out: the table on standard output, with
--json also every single number in a file, with --profile also where processor time went.
"""

import argparse
import json
import os
import pathlib

import idle
import perf_view
import report
from catch_up import CatchUp
from delay import Delay
from rig import PCHANNELS, Rig


def arguments():
    parser = argparse.ArgumentParser(prog="bench/run", description=__doc__.partition("\n")[0])
    parser.add_argument("folder", help=argparse.SUPPRESS)
    parser.add_argument("parts", help=argparse.SUPPRESS)
    parser.add_argument("build", help=argparse.SUPPRESS)
    for option, default, what in (("rows", 200000, "rows of a round"),
                                  ("rounds", 3, "how often each is measured; 0: no backlogs"),
                                  ("dim", 128, "dimensions of the vectors"),
                                  ("transaction-rows", 10000, "rows of a transaction of source and copy"),
                                  ("rate", 1000, "rows a second for the delays"),
                                  ("delay-seconds", 60, "0: no delays"),
                                  ("idle-seconds", 60, "0: no idle worker")):
        parser.add_argument(f"--{option}", type=int, default=default, help=f"{what} (default {default})")
    parser.add_argument("--profile", action="store_true", help="one more round under perf, not counted")
    parser.add_argument("--json", type=pathlib.Path, help="a file for every single number")
    return parser.parse_args()


def say(text):
    print(f"bench: {text}", flush=True)


def measure(rig, args):
    results = {"options": {key: getattr(args, key) for key in ("rows", "rounds", "dim", "transaction_rows", "rate")}}
    results["options"] |= {"cores": os.cpu_count(), "pchannels": PCHANNELS}
    rig.collection(rig.source, "ticks", shards=PCHANNELS)
    if args.idle_seconds:
        results["idle"] = idle.measure(rig, args.idle_seconds)
        say(f"idle: {results['idle']}")
    if args.rounds:
        results["rounds"] = rounds(rig, args)
    if args.delay_seconds:
        results["delay"] = Delay(rig, args.rate, args.delay_seconds).measure()
        say(f"delay: {results['delay']}")
    return results


def rounds(rig, args):
    catch_up = CatchUp(rig, args.rows, args.transaction_rows)
    catch_up.prepare()
    results = []
    for number in range(args.rounds):
        results.append(catch_up.round(number))
        say(f"round {number + 1}: {results[-1]}")
    if args.profile:
        catch_up.profile = True
        show_profile(catch_up, catch_up.round(args.rounds))
    catch_up.check(args.rounds + args.profile)
    return results


def show_profile(catch_up, profiled):
    for who in ("source", "sink", "both"):
        folder = getattr(catch_up, who).folder
        print(f"\nprofile of {who}", perf_view.text(folder / "perf.data", profiled[who]["pid"]), sep="\n", flush=True)


def main():
    args = arguments()
    rig = Rig(args.folder, args.parts, args.build, args.dim)
    try:
        results = measure(rig, args)
    finally:
        rig.close()
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(f"\n{report.markdown(results)}")


if __name__ == "__main__":
    main()
