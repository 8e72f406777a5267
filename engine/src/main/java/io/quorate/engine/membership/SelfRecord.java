package io.quorate.engine.membership;

import io.quorate.transport.auth.Signer;

/**
 * This member's own record, and when to sign a newer one: at once when f+1 others say themselves that they accuse it, so that a
 * correct one is among them and can hear; once a period when f+1 do so through others; after a growing pause when fewer do, so that
 * liars cannot keep it signing.
 *
 * <p>docs/protocols/membership.md, section 4.
 */
final class SelfRecord {
    private static final int PAUSE_DOUBLINGS_MAX = 6;

    private final MembershipContext context;
    private final Signer signer;

    /** Distinct members that accuse the record in force: those that said so themselves stand first. */
    private final int[] accusers;

    private int accuserCount;
    private int directCount;
    private Member current;
    private boolean isAccused;
    private long pauseNs;
    private long renewedNs;

    SelfRecord(final MembershipContext context, final Signer signer, final int suspectCount) {
        this.context = context;
        this.signer = signer;
        accusers = new int[suspectCount];
        sign(context.firstIncarnation(), Member.Status.ALIVE);
    }

    Member current() {
        return current;
    }

    long incarnation() {
        return current.incarnation();
    }

    boolean isLeft() {
        return current.status() == Member.Status.LEFT;
    }

    /**
     * Somebody accuses the record in force.
     *
     * @param isDirect it was the accuser that said so
     */
    void onAccused(final int accuserId, final boolean isDirect) {
        isAccused = true;
        int place = 0;
        while (place < accuserCount && accusers[place] != accuserId) {
            place++;
        }
        if (place == accusers.length) {
            return;
        }
        if (place == accuserCount) {
            accusers[accuserCount++] = accuserId;
        }
        if (isDirect && place >= directCount) {
            accusers[place] = accusers[directCount];
            accusers[directCount++] = accuserId;
        }
    }

    /** When a newer record is due; {@link Long#MAX_VALUE} if none is. */
    long dueNs(final long nowNs) {
        if (!isAccused || isLeft()) {
            return Long.MAX_VALUE;
        }
        if (directCount == accusers.length) {
            return nowNs;
        }
        return renewedNs + (accuserCount == accusers.length ? Math.min(pauseNs, context.periodNs()) : pauseNs);
    }

    /** Signs the newer record that an accusation asks for. */
    void refute(final long nowNs) {
        long quietNs = nowNs - renewedNs;
        // As long for a short pause as for the longest: else a patient liar had a record signed every 2T.
        final long quietLongNs = context.periodNs() << PAUSE_DOUBLINGS_MAX + 1;
        while (pauseNs > 0 && quietNs > quietLongNs) {
            quietNs -= quietLongNs;
            pauseNs = pauseNs <= context.periodNs() ? 0 : pauseNs / 2;
        }
        pauseNs = Math.min(Math.max(2 * pauseNs, context.periodNs()), context.periodNs() << PAUSE_DOUBLINGS_MAX);
        renewedNs = nowNs;
        sign(current.incarnation() + 1, Member.Status.ALIVE);
    }

    /** Signs the next record because this member says so: it rejoins, or a record of an earlier life turned up. */
    void renewAbove(final long incarnation) {
        sign(Math.max(incarnation, current.incarnation()) + 1, current.status());
    }

    void leave() {
        sign(current.incarnation() + 1, Member.Status.LEFT);
    }

    /** A clock that jumps back moves what hangs on it. */
    void shift(final long byNs) {
        renewedNs += byNs;
    }

    private void sign(final long incarnation, final Member.Status status) {
        current = Member.sign(context.selfId(), context.zone(), status, incarnation, signer);
        isAccused = false;
        accuserCount = 0;
        directCount = 0;
    }
}
