"""What a worker costs that has nothing to do: all pchannels tick, no row comes."""

import time

from rig import PCHANNELS, Rig
from usage import cpu_s, load, rss_mib


def measure(rig: Rig, seconds):
    process = rig.kitestream("idle")
    process.source(collection_include_list=rf"default\.{rig.name}_ticks")
    process.sink()
    process.start()
    process.wait_for(lambda: rig.target.has(f"{rig.name}_ticks"), 90, "the collection in the target")
    process.wait_log(rf"(reading .*rootcoord-dml(.|\n)*){{{PCHANNELS}}}")
    time.sleep(5)
    began, before = time.monotonic(), cpu_s(process.pid)
    time.sleep(seconds)
    used = cpu_s(process.pid) - before
    result = {"cpu_percent": 100 * used / (time.monotonic() - began), "rss_mib": rss_mib(process.pid),
              "rss_peak_mib": rss_mib(process.pid, peak=True), "load": load()}
    process.stop()
    return result
