"""Payloads of batches made by hand, as proto/lantoa.proto has them, for what no agent would send."""

import struct

import neighbours

GRAINS = {"minute": 0, "hour": 1, "day": 2}


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def zigzag(value):
    return varint(value << 1 if value >= 0 else (-value << 1) - 1)


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def packed(number, values, each=varint):
    return field(number, b"".join(map(each, values))) if values else b""


def columns(day, runs, declared=(), first_declared=0):
    """@day: since 1970. @runs: (series, [(nth, value)]). @declared: (metric, labels, grain)."""
    points = [point for _, run in runs for point in run]
    steps = []
    for _, run in runs:
        before = -1
        for nth, _ in run:
            steps.append(nth - before)
            before = nth
    data = varint(1 << 3) + zigzag(day)
    data += packed(2, [series for series, _ in runs]) + packed(3, [len(run) for _, run in runs])
    data += packed(4, steps) + packed(5, [value for _, value in points], zigzag)
    data += varint(8 << 3) + varint(first_declared)
    data += b"".join(field(9, metric.encode()) for metric, _, _ in declared)
    data += b"".join(field(10, labels.encode()) for _, labels, _ in declared)
    return data + packed(11, [GRAINS[grain] for _, _, grain in declared])


def payload(*args, **more):
    return b"\x01" + neighbours.zstd(columns(*args, **more), 3)


def write(path, payloads):
    """As the order push of tests/system/probe.c reads them."""
    with open(path, "wb") as out:
        for each in payloads:
            out.write(struct.pack(">I", len(each)) + each)
    return path
