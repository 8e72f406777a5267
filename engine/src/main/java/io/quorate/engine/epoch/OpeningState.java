package io.quorate.engine.epoch;

import io.quorate.engine.ordering.ClientTable;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.ordering.ExactlyOnce;
import io.quorate.engine.ordering.StateMachine;
import io.quorate.engine.transfer.PagedSnapshot;
import io.quorate.transport.auth.Digest;
import io.quorate.transport.auth.Roster;
import java.util.function.Function;
import org.agrona.DirectBuffer;
import org.agrona.ExpandableArrayBuffer;

/**
 * What an epoch begins with: the state that the epoch before closed with, its clients under the ids of the next roster, its
 * pending step done, the state machine's part carried over (docs/protocols/reconfiguration.md, section 4). A pure function of the
 * closing state.
 */
public final class OpeningState {
    private final long sequence;
    private final Roster roster;
    private final RosterStep step;
    private final DirectBuffer snapshot;
    private final int lengthBytes;

    private OpeningState(
            final long sequence,
            final Roster roster,
            final RosterStep step,
            final DirectBuffer snapshot,
            final int lengthBytes) {
        this.sequence = sequence;
        this.roster = roster;
        this.step = step;
        this.snapshot = snapshot;
        this.lengthBytes = lengthBytes;
    }

    /**
     * The opening state that follows from a closing one.
     *
     * @param current roster of the epoch that ends
     * @param clientWindow window of its client table
     * @param carrierTo of the state machine's part, into a roster
     * @param closing whole snapshot at the last sequence of the epoch
     * @throws IllegalArgumentException if the bytes are no state of this epoch, or one without an end
     */
    public static OpeningState of(
            final Roster current,
            final int clientWindow,
            final Function<Roster, StateMachine.Carrier> carrierTo,
            final DirectBuffer closing,
            final int offset,
            final int lengthBytes) {
        final int machineAt = ExactlyOnce.machineOffset(closing, offset, lengthBytes);
        final int machine = offset + machineAt;
        final int machineLength = lengthBytes - machineAt;
        final int head = EpochState.length(closing, machine, machineLength);
        final long end = EpochState.endSequence(closing, machine);
        if (!EpochState.isOf(closing, machine, current.groupId()) || end <= 0) {
            throw new IllegalArgumentException(
                    "the bytes do not close epoch " + current.epoch() + ", the end in them is " + end);
        }
        final Roster next = Roster.parse(EpochState.nextText(closing, machine), "the next roster");
        final RosterStep step = RosterStep.between(current, next);
        final ClientTable before = new ClientTable(current.size(), clientWindow);
        before.restore(closing, offset + 4, ExactlyOnce.tableLength(closing, offset, lengthBytes));
        final ClientTable after = new ClientTable(next.size(), clientWindow);
        for (int id = 0; id < next.size(); id++) {
            if (step.oldIdOf(id) != RosterStep.NEWCOMER) {
                after.carry(before, step.oldIdOf(id), id);
            }
        }
        final ExpandableArrayBuffer opening = new ExpandableArrayBuffer(lengthBytes);
        int position = ExactlyOnce.writeTable(after, opening, 0);
        position += EpochState.write(opening, position, next.groupId(), 0, null);
        position += carrierTo
                .apply(next)
                .carryState(closing, machine + head, machineLength - head, step::oldIdOf, opening, position);
        return new OpeningState(end, next, step, opening, position);
    }

    /** The last sequence of the epoch before; everything of this epoch lies above. */
    public long sequence() {
        return sequence;
    }

    /** The roster of the epoch that opens. */
    public Roster roster() {
        return roster;
    }

    public RosterStep step() {
        return step;
    }

    /** The whole snapshot, from offset 0; it must not be changed. */
    public DirectBuffer snapshot() {
        return snapshot;
    }

    public int lengthBytes() {
        return lengthBytes;
    }

    /** The state digest, as a checkpoint of the epoch that opens would sign it. */
    public Digest256 stateDigest(final Digest sha256, final int pageLength) {
        return PagedSnapshot.of(sha256, pageLength, sequence, snapshot, 0, lengthBytes, null)
                .stateDigest();
    }
}
