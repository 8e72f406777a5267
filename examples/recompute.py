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


def gossip(rows, near, f, rounds):
    states = rows
    for _ in range(rounds):
        after = []
        for i, own in enumerate(states):
            state = []
            for k, value in enumerate(own):
                kept = sorted(states[j][k] for j in near[i])[f:max(f, len(near[i]) - f)]
                state.append(math.fsum([value] + kept) / (1 + len(kept)))
            after.append(state)
        states = after
    return states


def spread(rows):
    return math.sqrt(math.fsum((max(c) - min(c)) ** 2 for c in zip(*rows)))


def mixed(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def uniform(use, first, second, pair, draw):
    golden = 0x9E3779B97F4A7C15
    key = mixed(use * golden & MASK)
    for part in (first, second, pair):
        key = mixed((key + (part + 1) * golden) & MASK)
    return (mixed((key + draw * golden) & MASK) >> 11) * 2.0 ** -53


def by_resistance(n, edges, pairs):
    """theta[i][p] = (L+ B^T W^(1/2) z_p)[i], and a phase for each component without node 0."""
    root = list(range(n))
    for _ in range(n):
        for i, j in edges:
            root[i] = root[j] = min(root[i], root[j])
    angles = [[0.0] * pairs for _ in range(n)]
    for r in sorted(set(root)):
        nodes = [i for i in range(n) if root[i] == r]
        at = {node: k for k, node in enumerate(nodes)}
        mine = [(i, j, w) for (i, j), w in edges.items() if root[i] == r]
        for p in range(pairs):
            # The Laplacian without its first row and column, and the flows beside it.
            m = [[0.0] * (len(nodes) + 1) for _ in nodes]
            for i, j, w in mine:
                a, b = at[i], at[j]
                m[a][a] += w
                m[b][b] += w
                m[a][b] -= w
                m[b][a] -= w
                radius = math.sqrt(-2 * math.log(1 - uniform(1, i, j, p, 1)))
                flow = math.sqrt(w) * radius * math.cos(2 * math.pi * uniform(1, i, j, p, 2))
                m[a][-1] += flow
                m[b][-1] -= flow
            x = [0.0] * len(nodes)
            for k in range(len(nodes) - 1, 0, -1):
                for i in range(1, k):
                    share = m[i][k] / m[k][k]
                    m[i] = [u - share * v for u, v in zip(m[i], m[k])]
            for k in range(1, len(nodes)):
                x[k] = (m[k][-1] - math.fsum(m[k][i] * x[i] for i in range(1, k))) / m[k][k]
            mean = math.fsum(x) / len(x)
            phase = 2 * math.pi * uniform(2, r, r, p, 1) if r else 0.0
            for k, node in enumerate(nodes):
                angles[node][p] = (x[k] - mean, phase)
    return angles


def turned(rows, heads, edges, rope):
    pairs = len(rows[0]) // heads // 2
    sigma, ladder = rope.get("sigma", 1.0), rope.get("ladder", 1.0)
    if rope.get("mode", "resistance") != "resistance":
        sys.exit("only angles by resistance are recomputed here")
    if sigma == 0:
        return rows
    angles = by_resistance(len(rows), edges, pairs)
    result = []
    for row, mine in zip(rows, angles):
        out = []
        for k in range(0, len(row), 2):
            place, phase = mine[k // 2 % pairs]
            t = sigma * ladder ** -(k // 2 % pairs) * place + phase
            out += [row[k] * math.cos(t) - row[k + 1] * math.sin(t), row[k + 1] * math.cos(t) + row[k] * math.sin(t)]
        result.append(out)
    return result


def graph(given, ids):
    """Connected pairs of peer ids, and their weights; all pairs unless the file says otherwise."""
    places = [ids.index(p["id"]) for p in given["peers"]]
    connections = given.get("topology", {}).get("connections")
    if connections is None:
        return {(i, j): 1.0 for i in range(len(ids)) for j in range(i + 1, len(ids))}
    ends = [(sorted((places[c[0]], places[c[1]])), c[2] if len(c) > 2 else 1.0) for c in connections]
    return {(i, j): w for (i, j), w in sorted(ends) if w}


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
    edges, heads = graph(given, ids), given.get("heads", 8)
    rope = given.get("topology", {}).get("rope", {})
    weights = influence(turned(rows, heads, edges, rope) if mode == "topology" else rows, heads, 4, 1 / (n - f))
    pairs = [(a, b) for a in support for b in support if a < b]
    mean = math.fsum(cosine(rows[a], rows[b]) for a, b in pairs) / len(pairs) if pairs else 1.0
    fused = robust_mean(rows, f) if mode == "byzantine" else weighted(rows, weights)
    more = {}
    if mode == "gossip":
        near = [[j for j in range(n) if (min(i, j), max(i, j)) in edges] for i in range(n)]
        states = gossip(rows, near, f, given.get("gossipRounds", 3))
        fused = [math.fsum(sorted(column)[f:n - f]) / (n - 2 * f) for column in zip(*states)]
        more = {"spreadBefore": spread(rows), "spreadAfter": spread(states),
                **{ids[i]: distance(states[i], fused) for i in range(n)}}
    return {
        "gossip": more,
        "status": "agreed" if len(support) >= q else "no-quorum",
        "support": [ids[i] for i in support],
        "agreement": len(support) / n,
        "strength": len(support) / n * max(0.0, mean),
        "influence": {ids[i]: weights[i] for i in range(n)},
        "byzantine": [ids[i] for i in suspects(rows, f)],
        "fused": fused,
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
    if "gossip" in told:
        numbers = {**told["gossip"], **told["gossip"]["finalDistances"]}
        apart["gossip, of the spread before"] = max(
            abs(mine["gossip"][k] - numbers[k]) for k in mine["gossip"]) / max(1e-30, mine["gossip"]["spreadBefore"])
    for name, error in apart.items():
        print(f"{name}: differs by {error:.1e}")
    wrong += [name for name, error in apart.items() if not error < 1e-5]
    print("different: " + ", ".join(wrong) if wrong else "the same decision: " + mine["status"])
    sys.exit(1 if wrong else 0)


main()
