package io.quorate.engine.membership;

import io.quorate.engine.quorum.Quorum;

/**
 * Whose accusations of a member count, and how many of them. Up to {@value #EVERYBODY_MAX} members everybody observes everybody and
 * the thresholds are f+1 and q of the group; beyond, 3g+1 others do, chosen by hash of (epoch, id), so that the cost of a failure
 * does not grow with the mesh (docs/protocols/membership.md, section 2).
 */
public final class FailureQuorum {
    public static final int EVERYBODY_MAX = 64;

    private final int memberCount;
    private final long epoch;
    private final Quorum quorum;
    private final int[] observers;
    private int subjectAtHand = -1;

    /**
     * @param observerLiarsMax g, how many liars an observer set bears in a mesh of more than {@value #EVERYBODY_MAX}; 1 to 21
     */
    public FailureQuorum(final int memberCount, final long epoch, final int observerLiarsMax) {
        this.memberCount = memberCount;
        this.epoch = epoch;
        quorum = Quorum.of(memberCount <= EVERYBODY_MAX ? memberCount : 3 * observerLiarsMax + 1);
        observers = new int[quorum.peerCount()];
    }

    /** How many observers a member has. */
    public int observerCount() {
        return observers.length;
    }

    /** So many accusers make a suspect: one of them at least is correct. */
    public int suspectCount() {
        return quorum.oneCorrect();
    }

    /** So many accusers prove a member faulty. */
    public int faultyCount() {
        return quorum.quorum();
    }

    /** The member that is the subject's observer number {@code index}. With everybody observing, the subject has a place too. */
    int observer(final int subjectId, final int index) {
        if (memberCount <= EVERYBODY_MAX) {
            return index;
        }
        choose(subjectId);
        return observers[index];
    }

    /** Place of a member among the subject's observers; -1 if it is none. */
    int indexOf(final int subjectId, final int memberId) {
        if (memberId == subjectId) {
            return -1;
        }
        if (memberCount <= EVERYBODY_MAX) {
            return memberId;
        }
        choose(subjectId);
        for (int index = 0; index < observers.length; index++) {
            if (observers[index] == memberId) {
                return index;
            }
        }
        return -1;
    }

    private void choose(final int subjectId) {
        if (subjectAtHand == subjectId) {
            return;
        }
        subjectAtHand = subjectId;
        long state = MemberTable.mix(epoch ^ MemberTable.mix(subjectId));
        int count = 0;
        while (count < observers.length) {
            state = MemberTable.mix(state);
            final int candidate = (int) Long.remainderUnsigned(state, memberCount);
            if (candidate != subjectId && !isAmong(candidate, count)) {
                observers[count++] = candidate;
            }
        }
    }

    private boolean isAmong(final int candidate, final int count) {
        for (int index = 0; index < count; index++) {
            if (observers[index] == candidate) {
                return true;
            }
        }
        return false;
    }

    /**
     * Probability that an observer set, drawn of all others, holds more liars than it bears: the tail of the hypergeometric
     * distribution.
     */
    public static double riskOf(final int others, final int liars, final int drawn, final int liarsMax) {
        double risk = 0;
        for (int bad = liarsMax + 1; bad <= Math.min(drawn, liars); bad++) {
            risk += Math.exp(logChoose(liars, bad) + logChoose(others - liars, drawn - bad) - logChoose(others, drawn));
        }
        return risk;
    }

    private static double logChoose(final int n, final int k) {
        if (k < 0 || k > n) {
            return Double.NEGATIVE_INFINITY;
        }
        double sum = 0;
        for (int i = 1; i <= k; i++) {
            sum += Math.log((double) (n - k + i) / i);
        }
        return sum;
    }
}
