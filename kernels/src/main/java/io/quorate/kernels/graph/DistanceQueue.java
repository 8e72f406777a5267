package io.quorate.kernels.graph;

import java.util.Arrays;

/**
 * A binary heap of nodes ordered by distance, then id, whose distances may fall while they wait. A distance is a sum of two
 * float64 (Dekker 1971), so that adding lengths in another order does not change it visibly.
 */
final class DistanceQueue {
    private static final int ABSENT = -1;

    private final double[] high;
    private final double[] low;
    private final int[] heap;
    private final int[] places;
    private int size;

    DistanceQueue(final int nodes) {
        high = new double[nodes];
        low = new double[nodes];
        heap = new int[nodes];
        places = new int[nodes];
    }

    void clear() {
        size = 0;
        Arrays.fill(places, ABSENT);
        Arrays.fill(high, Double.POSITIVE_INFINITY);
        Arrays.fill(low, 0.0);
    }

    boolean isEmpty() {
        return size == 0;
    }

    double distance(final int node) {
        return high[node];
    }

    void start(final int node) {
        high[node] = 0.0;
        low[node] = 0.0;
        raise(node);
    }

    /** Takes the node of the smallest distance out. */
    int take() {
        final int first = heap[0];
        final int last = heap[--size];
        if (size > 0) {
            sink(last);
        }
        return first;
    }

    /** Lowers the distance of {@code node} to that of {@code from} plus a length, if that is less. */
    void offer(final int from, final double length, final int node) {
        final double sum = high[from] + length;
        final double part = sum - high[from];
        final double rest = low[from] + ((high[from] - (sum - part)) + (length - part));
        final double top = sum + rest;
        final double tail = rest - (top - sum);
        if (top < high[node] || (top == high[node] && tail < low[node])) {
            high[node] = top;
            low[node] = tail;
            raise(node);
        }
    }

    /** The distance of {@code from} plus a length, less the distance of {@code node}. */
    double excess(final int from, final double length, final int node) {
        final double sum = high[from] + length;
        final double part = sum - high[from];
        final double rest = low[from] + ((high[from] - (sum - part)) + (length - part));
        return (sum - high[node]) + (rest - low[node]);
    }

    private void raise(final int node) {
        int place = places[node] == ABSENT ? size++ : places[node];
        while (place > 0) {
            final int parent = (place - 1) / 2;
            if (!precedes(node, heap[parent])) {
                break;
            }
            put(heap[parent], place);
            place = parent;
        }
        put(node, place);
    }

    private void sink(final int node) {
        int place = 0;
        while (2 * place + 1 < size) {
            int child = 2 * place + 1;
            if (child + 1 < size && precedes(heap[child + 1], heap[child])) {
                child++;
            }
            if (!precedes(heap[child], node)) {
                break;
            }
            put(heap[child], place);
            place = child;
        }
        put(node, place);
    }

    private void put(final int node, final int place) {
        heap[place] = node;
        places[node] = place;
    }

    private boolean precedes(final int left, final int right) {
        if (high[left] != high[right]) {
            return high[left] < high[right];
        }
        return low[left] != low[right] ? low[left] < low[right] : left < right;
    }
}
