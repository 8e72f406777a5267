package io.quorate.kernels.similarity;

/**
 * What {@link TopK} found: for each query the rows with the greatest cosines, greatest first, equal ones by ascending row.
 * Owned by the caller, overwritten by each call, no memory off the heap.
 */
public final class Neighbours {
    private final int capacity;
    private final int[] rows;
    private final double[] cosines;
    private int queries;
    private int k;

    /**
     * Room for {@code k} neighbours of each of {@code queries} queries, and for every other shape with no more numbers in all.
     *
     * @throws IllegalArgumentException if one is below 1, or there are more numbers than an array holds
     */
    public Neighbours(final int queries, final int k) {
        capacity = TopKScratch.requireProduct("queries x k", queries, k);
        rows = new int[capacity];
        cosines = new double[capacity];
    }

    /** How many queries the last call had. */
    public int queries() {
        return queries;
    }

    /** How many neighbours each query of the last call has. */
    public int k() {
        return k;
    }

    /** @param rank 0 for the nearest */
    public int row(final int query, final int rank) {
        return rows[index(query, rank)];
    }

    /** In float64, within [-1, 1]; never -0. */
    public double cosine(final int query, final int rank) {
        return cosines[index(query, rank)];
    }

    private int index(final int query, final int rank) {
        if (query < 0 || query >= queries || rank < 0 || rank >= k) {
            throw new IndexOutOfBoundsException("the last call had " + queries + " queries with " + k
                    + " neighbours, given query " + query + " and rank " + rank);
        }
        return query * k + rank;
    }

    void require(final int queryCount, final int neighbours) {
        if ((long) queryCount * neighbours > capacity) {
            throw new IllegalArgumentException("the result has room for " + capacity + " neighbours, given "
                    + queryCount + " queries x " + neighbours);
        }
    }

    void begin(final int queryCount, final int neighbours) {
        queries = queryCount;
        k = neighbours;
    }

    void set(final int query, final int rank, final int row, final double cosine) {
        rows[query * k + rank] = row;
        cosines[query * k + rank] = cosine;
    }
}
