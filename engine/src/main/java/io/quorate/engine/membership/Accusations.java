package io.quorate.engine.membership;

import io.quorate.engine.metrics.Counters;
import io.quorate.engine.metrics.MembershipCounter;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.Verifier;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Who accuses whom, as far as this member knows: signs its own accusations, counts those of others, and says what follows for a
 * subject. docs/protocols/membership.md, sections 2, 3 and 7.
 */
final class Accusations {
    /** Own accusations that ride along with other messages, at most. */
    private static final int RIDERS_MAX = 64;

    private static final int RIDERS_AT_ONCE = 4;

    private static final int DOUBTED = 1;
    private static final int ACCUSED = 2;

    private final int selfId;
    private final MemberTable table;
    private final Suspicion[] suspicions;
    private final FailureQuorum failureQuorum;
    private final Signer signer;
    private final Verifier verifier;
    private final MembershipPublisher publisher;
    private final Reputation reputation;
    private final Counters<MembershipCounter> counters;
    private final byte[] marks;
    private final int[] riders = new int[RIDERS_MAX];
    private final UnsafeBuffer content = new UnsafeBuffer(new byte[Suspicion.CONTENT_LENGTH]);
    private final UnsafeBuffer signature = new UnsafeBuffer(new byte[Signer.SIGNATURE_LENGTH]);
    private int riderCount;
    private int riderNext;

    Accusations(
            final int selfId,
            final MemberTable table,
            final Suspicion[] suspicions,
            final FailureQuorum failureQuorum,
            final Signer signer,
            final Verifier verifier,
            final MembershipPublisher publisher,
            final Reputation reputation,
            final Counters<MembershipCounter> counters) {
        this.selfId = selfId;
        this.table = table;
        this.suspicions = suspicions;
        this.failureQuorum = failureQuorum;
        this.signer = signer;
        this.verifier = verifier;
        this.publisher = publisher;
        this.reputation = reputation;
        this.counters = counters;
        marks = new byte[table.memberCount()];
    }

    /** The suspicion of a member's record in force. */
    private Suspicion suspicion(final int subjectId) {
        if (suspicions[subjectId] == null) {
            suspicions[subjectId] = new Suspicion(failureQuorum.observerCount());
        }
        final Suspicion suspicion = suspicions[subjectId];
        if (suspicion.incarnation() != table.incarnation(subjectId)) {
            suspicion.restart(table.incarnation(subjectId));
        }
        return suspicion;
    }

    boolean isObserver(final int subjectId, final int memberId) {
        return failureQuorum.indexOf(subjectId, memberId) >= 0;
    }

    /** True if this member accuses the subject's record in force. */
    boolean isAccused(final int subjectId) {
        return (marks[subjectId] & ACCUSED) != 0;
    }

    /** What a message to a member tells it of itself. */
    int flagsFor(final int memberId) {
        return (isAccused(memberId) ? Swim.FLAG_ACCUSED : 0)
                | (table.state(memberId) == MemberTable.State.FAULTY ? Swim.FLAG_FAULTY : 0);
    }

    /** The subject signed a newer record: all is void. */
    void onRenewed(final int subjectId) {
        marks[subjectId] = 0;
    }

    /** The own probe of a present member failed: accuses it, once a record, before all observers and itself. */
    boolean accuse(final int subjectId, final long nowNs) {
        if (!table.isPresent(subjectId)) {
            return false;
        }
        final boolean isFirst = !isAccused(subjectId);
        marks[subjectId] = DOUBTED | ACCUSED;
        if (isFirst) {
            counters.increment(MembershipCounter.ACCUSATIONS);
            final long incarnation = table.incarnation(subjectId);
            Suspicion.sign(subjectId, incarnation, signer, content, signature);
            final int own = failureQuorum.indexOf(subjectId, selfId);
            if (own >= 0) {
                suspicion(subjectId).add(own, signature, 0);
                addRider(subjectId);
            }
            for (int index = 0; index < failureQuorum.observerCount(); index++) {
                final int observerId = failureQuorum.observer(subjectId, index);
                if (observerId != selfId && observerId != subjectId && table.isPresent(observerId)) {
                    publisher.accusation(observerId, subjectId, incarnation, selfId, signature, 0);
                }
            }
            publisher.accusation(subjectId, subjectId, incarnation, selfId, signature, 0);
        }
        return isFirst;
    }

    /**
     * An accusation of somebody else than this member, by somebody else.
     *
     * @return true if it is new and stands: whoever observes the subject probes it now
     */
    boolean onAccusation(
            final int senderId,
            final int subjectId,
            final long incarnation,
            final int accuserId,
            final DirectBuffer buffer,
            final int offset,
            final long nowNs) {
        if (incarnation != table.incarnation(subjectId) || !table.isPresent(subjectId)) {
            return false;
        }
        final int index = failureQuorum.indexOf(subjectId, accuserId);
        if (index >= 0 && suspicion(subjectId).has(index)
                || !isSigned(senderId, subjectId, incarnation, accuserId, buffer, offset, nowNs)) {
            return false;
        }
        return index < 0 || suspicion(subjectId).add(index, buffer, offset);
    }

    /** True if the accuser signed it; a signature that does not hold costs the sender. */
    boolean isSigned(
            final int senderId,
            final int subjectId,
            final long incarnation,
            final int accuserId,
            final DirectBuffer buffer,
            final int offset,
            final long nowNs) {
        if (!reputation.mayCheck(senderId, nowNs)) {
            counters.increment(MembershipCounter.DROPPED_BUDGET);
            return false;
        }
        if (Suspicion.isSigned(accuserId, subjectId, incarnation, verifier, content, buffer, offset)) {
            return true;
        }
        counters.increment(MembershipCounter.DROPPED_SIGNATURE);
        reputation.onFailedCheck(senderId, nowNs);
        return false;
    }

    /**
     * What follows from all that is known of a subject.
     *
     * @return true if it has just been proven faulty
     */
    boolean settle(final int subjectId, final long nowNs) {
        if (!table.isPresent(subjectId)) {
            return false;
        }
        final int count = countOf(subjectId);
        if (count >= failureQuorum.faultyCount()) {
            counters.increment(MembershipCounter.DEATHS);
            table.fault(subjectId, nowNs);
            return true;
        }
        if ((marks[subjectId] & DOUBTED) != 0 || count >= failureQuorum.suspectCount()) {
            table.suspect(subjectId, nowNs);
        } else {
            table.trust(subjectId, nowNs);
        }
        return false;
    }

    /** True if somebody accuses the subject's record in force, or this member doubts it. */
    boolean isOpen(final int subjectId) {
        return marks[subjectId] != 0 || countOf(subjectId) > 0;
    }

    private int countOf(final int subjectId) {
        final Suspicion suspicion = suspicions[subjectId];
        return suspicion == null || suspicion.incarnation() != table.incarnation(subjectId) ? 0 : suspicion.count();
    }

    /** The subject answered this member: its own doubt is over, whatever others say. */
    void onAnswered(final int subjectId, final long nowNs) {
        if ((marks[subjectId] & DOUBTED) != 0) {
            marks[subjectId] &= ~DOUBTED;
            settle(subjectId, nowNs);
        }
    }

    /**
     * The subject answered a confirming probe. Fewer than f+1 accusers may all be liars, and it costs them; among f+1 one is correct,
     * and the fault lies in the network.
     */
    void acquit(final int subjectId) {
        if (countOf(subjectId) == 0 || countOf(subjectId) >= failureQuorum.suspectCount()) {
            return;
        }
        final Suspicion suspicion = suspicions[subjectId];
        for (int index = 0; index < failureQuorum.observerCount(); index++) {
            if (suspicion.has(index) && failureQuorum.observer(subjectId, index) != selfId && suspicion.blame(index)) {
                reputation.onEvidence(failureQuorum.observer(subjectId, index), Reputation.Evidence.FALSE_ACCUSATION);
            }
        }
    }

    private void addRider(final int subjectId) {
        if (riderCount < RIDERS_MAX) {
            riders[riderCount++] = subjectId;
        }
    }

    /** Sends a few own accusations that have led to nothing yet along with another message. */
    void ride(final int toId) {
        for (int i = 0; i < RIDERS_AT_ONCE && riderCount > 0; i++) {
            riderNext = riderNext >= riderCount ? 0 : riderNext;
            final int subjectId = riders[riderNext];
            if (!isAccused(subjectId) || table.state(subjectId) != MemberTable.State.SUSPECT) {
                riders[riderNext] = riders[--riderCount];
                continue;
            }
            riderNext++;
            if (subjectId == toId || isObserver(subjectId, toId)) {
                publisher.accusation(
                        toId,
                        subjectId,
                        table.incarnation(subjectId),
                        selfId,
                        suspicions[subjectId].signatures(),
                        Suspicion.signatureOffset(failureQuorum.indexOf(subjectId, selfId)));
            }
            if (riderNext == riderCount && riderCount <= RIDERS_AT_ONCE) {
                riderNext = 0;
                return;
            }
        }
    }
}
