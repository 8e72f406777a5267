package io.quorate.kernels.attention;

import java.util.Arrays;

/**
 * What attention says about each key: its influence, the mean of its column of probabilities over all heads and query rows.
 * Influences are not negative and sum to 1. Owned by the caller, overwritten by each call, no memory off the heap.
 */
public final class AttentionSummary {
    private final float[] influence;
    private int keys;

    /** @throws IllegalArgumentException if {@code keysMax} is below 1 */
    public AttentionSummary(final int keysMax) {
        if (keysMax < 1) {
            throw new IllegalArgumentException("a summary holds at least one key, given " + keysMax);
        }
        this.influence = new float[keysMax];
    }

    public int keysMax() {
        return influence.length;
    }

    /** How many keys the last call had. */
    public int keys() {
        return keys;
    }

    public float influence(final int key) {
        if (key < 0 || key >= keys) {
            throw new IndexOutOfBoundsException("the last call had " + keys + " keys, given key " + key);
        }
        return influence[key];
    }

    /** The influences of the last call as a new array. */
    public float[] influences() {
        return Arrays.copyOf(influence, keys);
    }

    float[] begin(final int count) {
        keys = count;
        return influence;
    }
}
