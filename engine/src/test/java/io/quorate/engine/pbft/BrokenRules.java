package io.quorate.engine.pbft;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.quorate.engine.journal.DurableGate;
import io.quorate.engine.metrics.Invariant;
import io.quorate.engine.ordering.Batch;
import io.quorate.engine.ordering.ClientTable;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.ordering.StateMachine;
import io.quorate.engine.quorum.Quorum;
import io.quorate.engine.transfer.PageTree;
import io.quorate.transport.auth.Roster;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * Rules that are wrong on purpose: what takes the place of the right ones in the twins of {@code io.quorate.engine.planted}. Each
 * is called from a production method that was changed for one twin, with the object first and the arguments after it.
 */
public final class BrokenRules {
    private BrokenRules() {}

    /** The familiar count, less one: two of them need not meet in a correct peer. */
    public static int twiceF(final Quorum quorum) {
        return 2 * quorum.faultyMax();
    }

    public static int oneLess(final Quorum quorum) {
        return quorum.quorum() - 1;
    }

    public static int one(final Quorum quorum) {
        return quorum == null ? 0 : 1;
    }

    public static boolean equalAnyway(final Digest256 one, final Digest256 other) {
        return one != null && other != null;
    }

    public static boolean yes(final PbftReplica replica) {
        return replica != null;
    }

    public static void vouchForNothing(final DurableGate gate, final long number) {
        if (number < 0) {
            gate.vouch(number);
        }
    }

    static long writeNothing(final VoteRecorder recorder, final LogSlot slot, final long view) {
        return recorder == null || slot == null ? view : 0;
    }

    static void forgetPrepared(final LogSlot slot) {
        slot.preparedView = -1;
    }

    static boolean aboveLow(final PbftLog log, final long sequence) {
        return sequence > log.low();
    }

    /** A commit counts for the view that this replica is in, whatever view it names. */
    static void commitOfAnyView(
            final PbftReplica replica,
            final int senderId,
            final long messageView,
            final long sequence,
            final Digest256 digest) {
        if (messageView >= 0 && replica.log.isInWindow(sequence)) {
            final LogSlot slot = replica.log.slot(sequence);
            if (slot.commits.offer(senderId, replica.view(), digest) == LogSlot.Offer.COUNTED) {
                replica.log.checkCommitted(slot);
            }
        }
    }

    /** As {@link #commitOfAnyView}. */
    static void prepareOfAnyView(
            final PbftReplica replica,
            final int senderId,
            final long messageView,
            final long sequence,
            final Digest256 digest) {
        if (messageView >= 0 && replica.log.isInWindow(sequence)) {
            final LogSlot slot = replica.log.slot(sequence);
            if (slot.prepares.offer(senderId, replica.view(), digest) == LogSlot.Offer.COUNTED) {
                replica.log.checkPrepared(slot);
            }
        }
    }

    static void acceptUnlessNull(final LogSlot slot, final Digest256 digest, final Batch batch) {
        if (batch == null || !batch.isNull()) {
            slot.accept(digest, batch);
        }
    }

    static void acceptNothing(final LogSlot slot, final Digest256 digest, final Batch batch) {
        if (batch == null && slot.isAccepted) {
            slot.accept(digest, null);
        }
    }

    /** An invariant that nobody looks at. */
    public static void unchecked(final boolean condition, final String statement) {
        if (statement == null) {
            Invariant.check(condition, "an invariant has a statement");
        }
    }

    /** The other form of the same, which stays as it is. */
    public static void unchecked(final boolean condition, final String statement, final long first, final long second) {
        Invariant.check(condition, statement, first, second);
    }

    /** The table of a group that never heard of a client. */
    public static int emptyTable(final ClientTable clients, final MutableDirectBuffer destination, final int offset) {
        final int length = clients.snapshot(destination, offset);
        final int clientCount = destination.getInt(offset, LITTLE_ENDIAN);
        final int windowLength = destination.getInt(offset + Integer.BYTES, LITTLE_ENDIAN);
        return length == 0 ? 0 : new ClientTable(clientCount, windowLength).snapshot(destination, offset);
    }

    /** The state machine's part stays as it is. */
    public static int emptyTable(final StateMachine machine, final MutableDirectBuffer destination, final int offset) {
        return machine.snapshot(destination, offset);
    }

    /** What is there already stays. */
    public static void recordOnce(
            final ClientTable clients,
            final int clientId,
            final long number,
            final long sequence,
            final DirectBuffer reply,
            final int offset,
            final int lengthBytes) {
        if (clients.status(clientId, number) == ClientTable.Status.FRESH) {
            clients.record(clientId, number, sequence, reply, offset, lengthBytes);
        }
    }

    public static boolean always(final PbftContext context) {
        return context != null;
    }

    public static ClientTable.Status alwaysFresh(final ClientTable clients, final int clientId, final long number) {
        final ClientTable.Status status = clients.status(clientId, number);
        return status == ClientTable.Status.APPLIED ? ClientTable.Status.FRESH : status;
    }

    /** The group's thresholds, as they are. */
    public static Quorum fPlusOne(final PbftContext context) {
        return context.quorum();
    }

    public static int fPlusOne(final Quorum quorum) {
        return quorum.oneCorrect();
    }

    public static boolean samePart(
            final PageTree tree, final int height, final int index, final DirectBuffer digest, final int offset) {
        return tree != null && height >= 0 && index >= 0 && digest.capacity() > offset;
    }

    static boolean coversAllAbove(final NewView.Vote vote, final long sequence, final int windowLength) {
        return windowLength > 0 && vote.baseSequence() < sequence;
    }

    public static long ofAnyEpoch(final Roster roster) {
        return roster == null ? 1 : 0;
    }

    static long theFirst(final long one, final long other) {
        return other == Long.MIN_VALUE ? other : one;
    }

    public static void carryNothing(
            final ClientTable after, final ClientTable before, final int oldId, final int newId) {
        if (after == before && oldId == newId) {
            after.carry(before, oldId, newId);
        }
    }

    static boolean neverClosed(final PbftLog log) {
        return log == null;
    }

    static boolean never(final Restart restart) {
        return restart == null;
    }
}
