package io.quorate.engine.membership;

import java.util.random.RandomGenerator;

/**
 * How well each other member behaved, by evidence that this one holds itself: 0 to {@value #BEST}, coming back by an eighth of what
 * is missing a minute. It weighs whom this member asks for help and hands news to; no vote, count or threshold looks at it.
 *
 * <p>docs/protocols/membership.md, section 10.
 */
public final class Reputation {
    /** What costs reputation, and how much. */
    public enum Evidence {
        BAD_SIGNATURE(250),
        MALFORMED(250),
        FALSE_ACCUSATION(200),
        TWO_RECORDS(500),
        SILENT_HELPER(50);

        private final int penalty;

        Evidence(final int penalty) {
            this.penalty = penalty;
        }
    }

    public static final int BEST = 1000;

    private static final int WEIGHT_MIN = BEST / 10;
    private static final long DECAY_NS = 60_000_000_000L;
    private static final int DECAY_SHARE = 8;
    private static final int CELLS = 64;
    private static final int FAILED_CHECKS_MAX = 8;
    private static final long FAILED_CHECKS_NS = 10_000_000_000L;

    private final short[] missing;
    private final byte[] failedChecks = new byte[CELLS];
    private final long[] failedSinceNs = new long[CELLS];
    private int belowBest;
    private long decayedNs;

    Reputation(final int memberCount) {
        missing = new short[memberCount];
    }

    public int of(final int memberId) {
        return BEST - missing[memberId];
    }

    /** This member saw it itself. */
    void onEvidence(final int memberId, final Evidence evidence) {
        belowBest += missing[memberId] == 0 ? 1 : 0;
        missing[memberId] = (short) Math.min(BEST, missing[memberId] + evidence.penalty);
    }

    /** True with the chance that the member's reputation gives it, a tenth at least. */
    boolean favours(final int memberId, final RandomGenerator random) {
        return missing[memberId] == 0 || random.nextInt(BEST) < Math.max(WEIGHT_MIN, of(memberId));
    }

    /** False while too many signatures that a member handed in did not hold; members share cells by id. */
    boolean mayCheck(final int memberId, final long nowNs) {
        final int cell = memberId % CELLS;
        if (nowNs - failedSinceNs[cell] >= FAILED_CHECKS_NS) {
            failedChecks[cell] = 0;
        }
        return failedChecks[cell] < FAILED_CHECKS_MAX;
    }

    /** A signature that a member handed in does not hold. */
    void onFailedCheck(final int memberId, final long nowNs) {
        final int cell = memberId % CELLS;
        if (failedChecks[cell] == 0) {
            failedSinceNs[cell] = nowNs;
        }
        failedChecks[cell]++;
        onEvidence(memberId, Evidence.BAD_SIGNATURE);
    }

    void onTick(final long nowNs) {
        if (nowNs - decayedNs < DECAY_NS) {
            return;
        }
        decayedNs = nowNs;
        for (int memberId = 0; belowBest > 0 && memberId < missing.length; memberId++) {
            if (missing[memberId] > 0) {
                missing[memberId] -= (short) Math.max(1, missing[memberId] / DECAY_SHARE);
                belowBest -= missing[memberId] == 0 ? 1 : 0;
            }
        }
    }
}
