package io.quorate.engine.membership;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * Which seeds to ask, and when again: three at a time, until f+1 answered or all of fewer, so that a correct one is among them. One
 * answer is enough to take part. docs/protocols/membership.md, section 5.
 */
final class SeedJoin {
    private static final int SEEDS_AT_ONCE = 3;
    private static final int PAUSE_SHARE_OF_ACK = 3;
    private static final int PAUSE_PERIODS_MAX = 64;

    private final int[] seeds;
    private final boolean[] hasAnswered;
    private final int needed;
    private final long pauseFirstNs;
    private final long periodNs;
    private int answers;
    private int next;
    private int attempts;
    private long pauseNs;
    private long dueNs = Long.MAX_VALUE;

    SeedJoin(final MembershipContext context, final int oneCorrect, final RandomGenerator random) {
        seeds = Arrays.stream(context.seeds())
                .filter(seed -> seed != context.selfId())
                .distinct()
                .toArray();
        for (int i = seeds.length - 1; i > 0; i--) {
            final int other = random.nextInt(i + 1);
            final int seed = seeds[i];
            seeds[i] = seeds[other];
            seeds[other] = seed;
        }
        hasAnswered = new boolean[seeds.length];
        needed = Math.min(seeds.length, oneCorrect);
        pauseFirstNs = Math.max(1, context.ackNs() / PAUSE_SHARE_OF_ACK);
        periodNs = context.periodNs();
    }

    /** Begins, or begins anew. */
    void start(final long nowNs) {
        Arrays.fill(hasAnswered, false);
        answers = 0;
        pauseNs = pauseFirstNs;
        dueNs = seeds.length == 0 ? Long.MAX_VALUE : nowNs;
    }

    /** True once a seed answered, or if there is none to ask. */
    boolean isJoined() {
        return answers > 0 || seeds.length == 0;
    }

    long dueNs() {
        return dueNs;
    }

    int attempts() {
        return attempts;
    }

    /** Fills in whom to ask now, and returns how many. */
    int ask(final int[] into, final long nowNs) {
        int count = 0;
        for (int tries = 0; tries < seeds.length && count < Math.min(SEEDS_AT_ONCE, into.length); tries++) {
            final int place = next++ % seeds.length;
            if (!hasAnswered[place]) {
                into[count++] = seeds[place];
            }
        }
        attempts++;
        dueNs = nowNs + pauseNs;
        pauseNs = Math.min(2 * pauseNs, answers == 0 ? periodNs : PAUSE_PERIODS_MAX * periodNs);
        return count;
    }

    /** A seed answered; true if it is the first one. */
    boolean onAnswer(final int seedId) {
        for (int place = 0; place < seeds.length; place++) {
            if (seeds[place] == seedId && !hasAnswered[place]) {
                hasAnswered[place] = true;
                answers++;
                if (answers >= needed) {
                    dueNs = Long.MAX_VALUE;
                }
                return answers == 1;
            }
        }
        return false;
    }

    void shift(final long byNs) {
        if (dueNs != Long.MAX_VALUE) {
            dueNs += byNs;
        }
    }
}
