package io.quorate.engine.epoch;

import io.quorate.engine.metrics.Invariant;
import io.quorate.engine.ordering.StateMachine;
import io.quorate.engine.quorum.Quorum;
import io.quorate.transport.auth.Roster;
import io.quorate.transport.auth.Verifier;
import java.util.function.Predicate;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * A state machine that its group can give another roster (docs/protocols/reconfiguration.md): it keeps {@link ReconfigureCommand}s
 * to itself, hands everything else to the machine inside, and has in its snapshots where the epoch ends. Deterministic; called on
 * the kernel thread only.
 */
public final class EpochMachine implements StateMachine {
    private final Roster roster;
    private final byte[] groupId;
    private final Verifier verifier;
    private final int quorum;
    private final int checkpointInterval;
    private final int windowLength;
    private final StateMachine inner;
    private final Predicate<Roster> isUsable;
    private long endSequence;
    private Roster next;

    /**
     * The machine of one epoch.
     *
     * @param roster of this epoch
     * @param verifier checks signatures of its peers; not shared with another thread
     * @param checkpointInterval K, as in the replica's settings
     * @param windowLength L, as in the replica's settings
     * @param isUsable whether the machine inside, and whatever else stands on a roster, can go on with one; a pure function, the same
     *     at every replica: a group must not end in an epoch that cannot begin
     */
    public EpochMachine(
            final Roster roster,
            final Verifier verifier,
            final int checkpointInterval,
            final int windowLength,
            final Predicate<Roster> isUsable,
            final StateMachine inner) {
        this.isUsable = isUsable;
        this.roster = roster;
        groupId = roster.groupId();
        this.verifier = verifier;
        quorum = Quorum.of(roster.size()).quorum();
        this.checkpointInterval = checkpointInterval;
        this.windowLength = windowLength;
        this.inner = inner;
    }

    /** The last sequence of this epoch if a step is pending; else 0. */
    public long endSequence() {
        return endSequence;
    }

    /** The roster of the next epoch if a step is pending; else null. */
    public Roster next() {
        return next;
    }

    @Override
    public int apply(
            final long sequence,
            final int clientId,
            final DirectBuffer request,
            final int offset,
            final int lengthBytes,
            final MutableDirectBuffer reply,
            final int replyOffset) {
        if (!ReconfigureCommand.isClaimedBy(request, offset, lengthBytes)) {
            return inner.apply(sequence, clientId, request, offset, lengthBytes, reply, replyOffset);
        }
        final Verdict verdict = judge(sequence, ReconfigureCommand.wrap(request, offset, lengthBytes));
        return verdict.write(reply, replyOffset, endSequence);
    }

    /** A command is no question: it is answered in order only. */
    @Override
    public int read(
            final int clientId,
            final DirectBuffer query,
            final int offset,
            final int lengthBytes,
            final MutableDirectBuffer answer,
            final int answerOffset) {
        return ReconfigureCommand.isClaimedBy(query, offset, lengthBytes)
                ? Verdict.NO_QUESTION.write(answer, answerOffset, 0)
                : inner.read(clientId, query, offset, lengthBytes, answer, answerOffset);
    }

    /** Cheap questions first: a signature is checked only of a command that would otherwise pass. */
    private Verdict judge(final long sequence, final ReconfigureCommand command) {
        if (command == null) {
            return Verdict.MALFORMED;
        }
        if (!command.isFor(groupId)) {
            return Verdict.OTHER_GROUP;
        }
        if (next != null) {
            return Verdict.PENDING;
        }
        if (command.approvalCount() < quorum) {
            return Verdict.TOO_FEW_APPROVALS;
        }
        final Roster asked = parse(command.nextText());
        if (asked == null) {
            return Verdict.REFUSED_STEP;
        }
        if (!command.areApprovalsValid(roster, verifier)) {
            return Verdict.BAD_APPROVAL;
        }
        next = asked;
        endSequence = endOf(sequence, checkpointInterval, windowLength);
        return Verdict.ACCEPTED;
    }

    /** A roster in canonical form that is one allowed step away and can be used; else null. */
    private Roster parse(final String text) {
        try {
            final Roster asked = Roster.parse(text, "the next roster");
            RosterStep.between(roster, asked);
            return asked.canonicalText().equals(text) && isUsable.test(asked) ? asked : null;
        } catch (final IllegalArgumentException refused) {
            return null;
        }
    }

    /**
     * c: the furthest that a replica can have voted that has not executed the command at this sequence, whose stable checkpoint is
     * therefore below it.
     */
    static long endOf(final long sequence, final int checkpointInterval, final int windowLength) {
        return (sequence - 1) / checkpointInterval * checkpointInterval + windowLength;
    }

    @Override
    public int snapshot(final MutableDirectBuffer destination, final int offset) {
        final int head =
                EpochState.write(destination, offset, groupId, endSequence, next == null ? null : next.canonicalText());
        return head + inner.snapshot(destination, offset + head);
    }

    @Override
    public void restore(final DirectBuffer snapshot, final int offset, final int lengthBytes) {
        final int head = EpochState.length(snapshot, offset, lengthBytes);
        if (!EpochState.isOf(snapshot, offset, groupId)) {
            throw new IllegalArgumentException("the bytes are a state of another epoch than " + roster.epoch());
        }
        final long end = EpochState.endSequence(snapshot, offset);
        final String text = EpochState.nextText(snapshot, offset);
        final Roster pending = text.isEmpty() ? null : parse(text);
        if (end < 0 || (end == 0) != text.isEmpty() || (end != 0 && pending == null)) {
            throw new IllegalArgumentException(
                    "the bytes are a state with an end of " + end + " and a bad next roster");
        }
        inner.restore(snapshot, offset + head, lengthBytes - head);
        endSequence = end;
        next = pending;
        Invariant.check((next == null) == (endSequence == 0), "an epoch with a next one has an end", endSequence, 0);
    }
}
