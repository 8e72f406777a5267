package io.quorate.engine.coordination;

/**
 * How much each peer weighs in a round: attention's column means, with a ceiling. Without the ceiling a few peers that say
 * the same could hold all the weight; with 1/(m - f) nobody weighs more than it would if f of m peers weighed nothing.
 *
 * <p>Called by {@link Coordinator}; allocates nothing.
 */
final class Influence {
    private final boolean[] isCapped;

    Influence(final int peerCountMax) {
        isCapped = new boolean[peerCountMax];
    }

    /**
     * Scales non-negative weights to the sum 1 and water-fills: the result is min(ceiling, s x weight) with the one s that
     * makes the sum 1. If everything below the ceiling is zero, the rest is shared equally.
     *
     * @param weights the first {@code count} are replaced
     * @param ceiling at least 1/count
     */
    void cap(final double[] weights, final int count, final double ceiling) {
        for (int i = 0; i < count; i++) {
            isCapped[i] = false;
        }
        int cappedCount = 0;
        int before;
        double scale;
        double share;
        // Each turn caps at least one weight more, so there are at most count turns.
        do {
            before = cappedCount;
            double free = 0;
            for (int i = 0; i < count; i++) {
                free += isCapped[i] ? 0 : weights[i];
            }
            final double rest = Math.max(0, 1 - cappedCount * ceiling);
            scale = free > 0 ? rest / free : 0;
            share = free > 0 || cappedCount == count ? 0 : rest / (count - cappedCount);
            for (int i = 0; i < count; i++) {
                if (!isCapped[i] && weights[i] * scale + share > ceiling) {
                    isCapped[i] = true;
                    cappedCount++;
                }
            }
        } while (cappedCount > before);
        for (int i = 0; i < count; i++) {
            weights[i] = isCapped[i] ? ceiling : weights[i] * scale + share;
        }
    }

    /** Fills {@code order} with 0..count-1 by falling weight, equal weights by rising index. */
    static void rank(final double[] weights, final int count, final int[] order) {
        for (int i = 0; i < count; i++) {
            int place = i;
            while (place > 0 && weights[order[place - 1]] < weights[i]) {
                order[place] = order[place - 1];
                place--;
            }
            order[place] = i;
        }
    }
}
