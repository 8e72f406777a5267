#!/usr/bin/env python3
"""Recomputes a decision in float64 from docs/protocols/decision.md alone, and compares.

    ./quorate coordinate --json examples/lying-peer.json | python3 examples/recompute.py examples/lying-peer.json

Python 3 without any library. Exits 1 if something differs by more than float32 explains.
"""
import json
import math
import sys
import unicodedata

MASK = (1 << 64) - 1
WHITE = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"


def fold(content):
    text = "".join(" " if c in WHITE else c for c in unicodedata.normalize("NFC", content))
    return " ".join(part for part in text.split(" ") if part)


def fnv(seed, points):
    h = ((0xCBF29CE484222325 ^ seed) * 0x100000001B3) & MASK
    for p in points:
        h = ((h ^ p) * 0x100000001B3) & MASK
    h = ((h ^ (h >> 33)) * 0xFF51AFD7ED558CCD) & MASK
    h = ((h ^ (h >> 33)) * 0xC4CEB9FE1A85EC53) & MASK
    return h ^ (h >> 33)


def embed(content, dimension=384):
    lower = unicodedata.normalize("NFC", unicodedata.normalize("NFC", content).lower())
    text = " ".join("".join(" " if c.isspace() else c for c in lower).split())
    points = [ord(c) for c in text]
    row = [0.0] * dimension

    def add(h):
        row[((h >> 16 & 0xFFFFFFFF) * dimension) >> 32] += -1 if h >> 63 else 1

    for word in text.split(" "):
        add(fnv(0x776F7264, [ord(c) for c in word]))
    padded = [32] + points + [32]
    for n in (3, 4, 5):
        for i in range(len(padded) - n + 1):
            add(fnv(0x6772616D, padded[i:i + n]))
    if not any(row):
        add(fnv(0x74657874, points))
    norm = math.sqrt(sum(x * x for x in row))
    return [x / norm for x in row]


def dot(a, b):
    return math.fsum(x * y for x, y in zip(a, b))


def cosine(a, b):
    return dot(a, b) / math.sqrt(dot(a, a) * dot(b, b))


def distance(a, b):
    return math.sqrt(math.fsum((x - y) ** 2 for x, y in zip(a, b)))


def median(values):
    s = sorted(values)
    return (s[(len(s) - 1) // 2] + s[len(s) // 2]) / 2


def weighted(rows, weights):
    total = math.fsum(weights)
    return [math.fsum(w * x for w, x in zip(weights, column)) / total for column in zip(*rows)]


def influence(rows, heads, temperature, ceiling):
    m, part = len(rows), len(rows[0]) // heads
    # Halving the exponent first keeps the squares of the largest and the smallest floats in range.
    unit = []
    for x in rows:
        top = max(map(abs, x))
        y = [v / top for v in x]
        norm = math.sqrt(dot(y, y))
        unit.append([v / norm for v in y])
    weights = [0.0] * m
    for h in range(heads):
        head = [u[h * part:(h + 1) * part] for u in unit]
        for q in head:
            logits = [temperature * heads * dot(q, k) for k in head]
            exps = [math.exp(s - max(logits)) for s in logits]
            for j in range(m):
                weights[j] += exps[j] / math.fsum(exps) / (heads * m)
    capped = set()
    while True:
        free = math.fsum(w for j, w in enumerate(weights) if j not in capped)
        rest = 1 - ceiling * len(capped)
        now = {j for j, w in enumerate(weights) if j not in capped and free and w * rest / free > ceiling + 1e-15}
        if not now:
            return [ceiling if j in capped else w * rest / free for j, w in enumerate(weights)]
        capped |= now


def group(contents, rule):
    folded = [fold(c) for c in contents]
    label = [folded.index(f) for f in folded]
    if rule == "near":
        words = {i: embed(folded[i]) for i in set(label) if folded[i]}
        like = lambda i, j: cosine(words[i], words[j]) if i in words and j in words else 0.0
        clusters = {i: [i] for i in sorted(set(label))}
        while True:
            best = None
            for a in sorted(clusters):
                for b in sorted(clusters):
                    if a < b:
                        least = min(like(i, j) for i in clusters[a] for j in clusters[b])
                        if least >= 0.6 and (best is None or least > best[0]):
                            best = (least, a, b)
            if best is None:
                break
            clusters[best[1]] += clusters.pop(best[2])
        label = [next(c for c in clusters if l in clusters[c]) for l in label]
    return label


def geometric_median(rows):
    z = [median(column) for column in zip(*rows)]
    spread = median([distance(x, z) for x in rows])
    for _ in range(500 if spread else 0):
        before = z
        z = weighted(rows, [1 / max(1e-5 * spread, distance(x, z)) for x in rows])
        if distance(before, z) <= 1e-7 * spread:
            break
    return z


def suspects(rows, f):
    z = geometric_median(rows)
    d = [distance(x, z) for x in rows]
    med = median(d)
    mad = median([abs(v - med) for v in d])
    far = [i for i, v in enumerate(d)
           if v > med and (mad == 0 or 0.6745 * (v - med) / mad > 3.5)
           and v > 1.5 * med and v > med + 2 ** -21 * math.sqrt(dot(z, z))]
    return sorted(far, key=lambda i: (-d[i], i))[:f]


def robust_mean(rows, f):
    m = len(rows)
    mixed = []
    for x in rows:
        nearest = sorted(range(m), key=lambda j: (distance(x, rows[j]), j))[:m - f]
        mixed.append([math.fsum(rows[j][k] for j in nearest) / (m - f) for k in range(len(x))])
    return [math.fsum(sorted(column)[f:m - f]) / (m - 2 * f) for column in zip(*mixed)]


def decide(given, mode):
    peers = sorted(given["peers"], key=lambda p: p["id"])
    n, ids = len(peers), [p["id"] for p in peers]
    rows = [p.get("embedding") or embed(p["content"]) for p in peers]
    f_max = (n - 1) // 3
    f = min(math.floor(given.get("faultTolerance", 0.33) * n), f_max)
    q = (n + f_max + 2) // 2
    label = group([p["content"] for p in peers], given.get("grouping", "exact"))
    largest = max(sorted(set(label)), key=lambda g: (label.count(g), -g))
    support = [i for i in range(n) if label[i] == largest]
    weights = influence(rows, given.get("heads", 8), 4, 1 / (n - f))
    pairs = [(a, b) for a in support for b in support if a < b]
    mean = math.fsum(cosine(rows[a], rows[b]) for a, b in pairs) / len(pairs) if pairs else 1.0
    return {
        "status": "agreed" if len(support) >= q else "no-quorum",
        "support": [ids[i] for i in support],
        "agreement": len(support) / n,
        "strength": len(support) / n * max(0.0, mean),
        "influence": {ids[i]: weights[i] for i in range(n)},
        "byzantine": [ids[i] for i in suspects(rows, f)],
        "fused": robust_mean(rows, f) if mode == "byzantine" else weighted(rows, weights),
    }


def main():
    with open(sys.argv[1], encoding="utf-8-sig") as file:
        given = json.load(file)
    told = json.load(sys.stdin)
    mine = decide(given, told["mode"])
    wrong = [k for k in ("status", "support", "agreement", "byzantine") if mine[k] != told[k]]
    size = max(1e-30, max(map(abs, mine["fused"])))
    apart = {
        "strength": abs(mine["strength"] - told["strength"]),
        "influence": max(abs(mine["influence"][i] - told["influence"][i]) for i in mine["influence"]),
        "fused, of its largest component": max(abs(a - b) for a, b in zip(mine["fused"], told["fused"])) / size,
    }
    for name, error in apart.items():
        print(f"{name}: differs by {error:.1e}")
    wrong += [name for name, error in apart.items() if not error < 1e-5]
    print("different: " + ", ".join(wrong) if wrong else "the same decision: " + mine["status"])
    sys.exit(1 if wrong else 0)


main()
