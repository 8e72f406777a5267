package io.quorate.engine.membership;

import io.quorate.engine.quorum.Quorum;
import java.util.Locale;

/**
 * Says whether this member may write: only while it reaches a quorum, itself included, both ways. Its consensus thread only. A member is reached
 * from an ack to the next ping without one; hearing it is not enough, since a link may work one way.
 *
 * <p>docs/protocols/membership.md, section 6. The guard makes a side without a quorum say so at once; that nothing is acknowledged
 * twice is the order's work.
 */
public final class PartitionGuard {
    /** Why writes are refused. */
    public enum Reason {
        /** A quorum has not been reached since the start. */
        STARTING("it has not reached a quorum since it started"),
        /** The process was stopped; nothing from before counts. */
        RESUMED("it was stopped and has not reached a quorum since"),
        /** It reaches fewer than a quorum; at exactly half this is so on both sides. */
        MINORITY("it is not on the side of a quorum");

        private final String sentence;

        Reason(final String sentence) {
            this.sentence = sentence;
        }
    }

    /**
     * The answer to a write that may not be.
     *
     * @param reached panel members that this one reaches, itself included
     * @param needed how many it would have to reach
     * @param panel how many there are
     * @param staleSinceNs since when reads may be out of date
     */
    public record Refusal(Reason reason, int reached, int needed, int panel, long staleSinceNs) {
        public String message() {
            return String.format(
                    Locale.ROOT,
                    "read-only: reaches %d of %d members and needs %d; %s",
                    reached,
                    panel,
                    needed,
                    reason.sentence);
        }
    }

    private final int memberCount;
    private final int selfId;
    private final int stride;
    private final Quorum quorum;
    private final boolean[] isReached;
    private int reachedCount = 1;
    private Reason reason = Reason.STARTING;
    private long changedNs;

    PartitionGuard(final MembershipContext context) {
        memberCount = context.memberCount();
        selfId = context.selfId();
        quorum = Quorum.of(context.panelCount());
        isReached = new boolean[context.panelCount()];
        isReached[0] = true;
        stride = memberCount <= FailureQuorum.EVERYBODY_MAX
                ? 1
                : ProbeSchedule.coprime(MemberTable.mix(context.epoch() ^ MemberTable.mix(~selfId)), memberCount);
    }

    int panelCount() {
        return isReached.length;
    }

    /** Panel member number {@code index}; number 0 is this member. */
    int panelMember(final int index) {
        return (int) ((selfId + (long) index * stride) % memberCount);
    }

    /** Place in the panel, or -1. */
    private int indexOf(final int memberId) {
        if (isReached.length == memberCount) {
            return (memberId - selfId + memberCount) % memberCount;
        }
        for (int index = 0; index < isReached.length; index++) {
            if (panelMember(index) == memberId) {
                return index;
            }
        }
        return -1;
    }

    /** True for a panel member that did not answer the last ping. */
    public boolean isLost(final int memberId) {
        final int index = indexOf(memberId);
        return index >= 0 && !isReached[index];
    }

    /** A member acknowledged a ping; true if it is of the panel and had been lost. */
    boolean onReached(final int memberId, final long nowNs) {
        final int index = indexOf(memberId);
        if (index < 0 || isReached[index]) {
            return false;
        }
        isReached[index] = true;
        count(1, nowNs);
        return true;
    }

    /** A ping stayed without an ack; true if the member is of the panel and had been reached. */
    boolean onLost(final int memberId, final long nowNs) {
        final int index = indexOf(memberId);
        if (index <= 0 || !isReached[index]) {
            return false;
        }
        isReached[index] = false;
        count(-1, nowNs);
        return true;
    }

    /** Nothing that was known counts any more. */
    void distrustAll(final long nowNs) {
        for (int index = 1; index < isReached.length; index++) {
            isReached[index] = false;
        }
        if (isWritable()) {
            changedNs = nowNs;
        }
        reachedCount = 1;
        reason = isWritable() ? reason : Reason.RESUMED;
    }

    private void count(final int by, final long nowNs) {
        final boolean before = isWritable();
        reachedCount += by;
        if (isWritable() != before) {
            changedNs = nowNs;
            reason = Reason.MINORITY;
        }
    }

    /** A clock that jumps back moves what hangs on it. */
    void shift(final long byNs) {
        changedNs += byNs;
    }

    /** Panel members reached, this one included. */
    public int reachedCount() {
        return reachedCount;
    }

    /** Panel members that are lost. */
    int lostCount() {
        return isReached.length - reachedCount;
    }

    /** How many must be reached to write. */
    public int needed() {
        return quorum.quorum();
    }

    /** True while a quorum is reached; else reads are stale and writes refused. */
    public boolean isWritable() {
        return reachedCount >= quorum.quorum();
    }

    /** Since when it is as it is. */
    public long changedNs() {
        return changedNs;
    }

    /** Why a write is refused now; null if it is not. */
    public Refusal refusal() {
        return isWritable() ? null : new Refusal(reason, reachedCount, quorum.quorum(), isReached.length, changedNs);
    }
}
