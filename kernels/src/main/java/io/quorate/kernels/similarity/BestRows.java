package io.quorate.kernels.similarity;

/**
 * The best k rows seen so far, for each of several queries: a heap each, its worst row on top. Better is the greater cosine
 * and, of equal ones, the lower row, so the best k of a set are the same in whatever order and parts it is seen.
 */
final class BestRows {
    private final int[] rows;
    private final double[] cosines;
    private final int[] sizes;
    private int k;

    /** @param capacity queries x k at most */
    BestRows(final int queriesMax, final int capacity) {
        rows = new int[capacity];
        cosines = new double[capacity];
        sizes = new int[queriesMax];
    }

    void begin(final int queries, final int neighbours) {
        k = neighbours;
        for (int query = 0; query < queries; query++) {
            sizes[query] = 0;
        }
    }

    /** What a row must at least have to be taken; anything will do as long as there is room. */
    double floor(final int query) {
        return sizes[query] < k ? Double.NEGATIVE_INFINITY : cosines[query * k];
    }

    void offer(final int query, final int row, final double cosine) {
        final int base = query * k;
        final int size = sizes[query];
        if (size < k) {
            sizes[query] = size + 1;
            rise(base, size, row, cosine);
        } else if (isBetter(row, cosine, rows[base], cosines[base])) {
            sink(base, size, row, cosine);
        }
    }

    /** Offers all rows of another to this one. */
    void offerAll(final BestRows other, final int queries) {
        for (int query = 0; query < queries; query++) {
            for (int i = 0; i < other.sizes[query]; i++) {
                offer(query, other.rows[query * k + i], other.cosines[query * k + i]);
            }
        }
    }

    /** Takes the rows of a query out, worst first. */
    void drain(final int query, final Neighbours result) {
        final int base = query * k;
        for (int rank = sizes[query] - 1; rank >= 0; rank--) {
            result.set(query, rank, rows[base], cosines[base]);
            sink(base, rank, rows[base + rank], cosines[base + rank]);
        }
        sizes[query] = 0;
    }

    /** Puts a row into a heap that had {@code at} rows. */
    private void rise(final int base, final int at, final int row, final double cosine) {
        int child = at;
        while (child > 0) {
            final int parent = (child - 1) >>> 1;
            if (!isBetter(rows[base + parent], cosines[base + parent], row, cosine)) {
                break;
            }
            put(base + child, rows[base + parent], cosines[base + parent]);
            child = parent;
        }
        put(base + child, row, cosine);
    }

    /** Puts a row in the place of the top of a heap of {@code size} rows. */
    private void sink(final int base, final int size, final int row, final double cosine) {
        int parent = 0;
        for (int child = 1; child < size; child = 2 * parent + 1) {
            if (child + 1 < size
                    && isBetter(
                            rows[base + child],
                            cosines[base + child],
                            rows[base + child + 1],
                            cosines[base + child + 1])) {
                child++;
            }
            if (!isBetter(row, cosine, rows[base + child], cosines[base + child])) {
                break;
            }
            put(base + parent, rows[base + child], cosines[base + child]);
            parent = child;
        }
        put(base + parent, row, cosine);
    }

    private void put(final int index, final int row, final double cosine) {
        rows[index] = row;
        cosines[index] = cosine;
    }

    private static boolean isBetter(final int row, final double cosine, final int otherRow, final double otherCosine) {
        return cosine > otherCosine || cosine == otherCosine && row < otherRow;
    }
}
