package io.quorate.engine.agent;

import io.quorate.engine.decision.Decision;
import io.quorate.engine.decision.DecisionContext;
import io.quorate.engine.decision.DecisionMachine;
import io.quorate.engine.decision.RoundListener;
import io.quorate.engine.ordering.ClientTable;
import io.quorate.engine.ordering.ExactlyOnce;
import io.quorate.engine.ordering.StateMachine;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.agrona.DirectBuffer;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.ControlledMessageHandler;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The data plane: applies ordered requests to the rounds, exactly once a request, takes checkpoints and restores snapshots.
 * What a tentative sequence does to rounds is told when it has committed, and forgotten if it is rolled back. Owns the kernels and their scratch. Reads the job ring, writes the result ring, sees no frame and no address.
 */
public final class KernelAgent implements Agent {
    private static final int JOBS_A_TURN = 64;
    private static final int SNAPSHOT_SPARE_BYTES = 4096;

    private final JobRing jobs;
    private final ResultRing results;
    private final DecisionMachine machine;
    private final ExactlyOnce exactlyOnce;
    private final RoundForwarder forwarder = new RoundForwarder();
    private final UnsafeBuffer reply = new UnsafeBuffer(new byte[StateMachine.REPLY_LENGTH_MAX]);
    private final ControlledMessageHandler onJob = this::onJob;
    private int snapshotLength;

    /**
     * @param settings concluded
     * @param clients empty, of the group's shape
     * @param epoch makes the machine that may end the epoch around the one of rounds
     */
    public KernelAgent(
            final JobRing jobs,
            final ResultRing results,
            final DecisionContext settings,
            final ClientTable clients,
            final UnaryOperator<StateMachine> epoch) {
        this.jobs = jobs;
        this.results = results;
        machine = new DecisionMachine(settings, forwarder);
        exactlyOnce = new ExactlyOnce(clients, epoch.apply(machine));
    }

    @Override
    public String roleName() {
        return "kernels";
    }

    @Override
    public int doWork() {
        return jobs.drain(onJob, JOBS_A_TURN);
    }

    @Override
    public void onClose() {
        machine.close();
    }

    private ControlledMessageHandler.Action onJob(
            final int type, final MutableDirectBuffer buffer, final int index, final int lengthBytes) {
        if (!results.hasRoom()) {
            return ControlledMessageHandler.Action.ABORT;
        }
        final long sequence = buffer.getLong(index + JobRing.SEQUENCE_OFFSET);
        switch (type) {
            case JobRing.EXECUTE -> execute(sequence, buffer, index, lengthBytes);
            case JobRing.EXECUTE_TENTATIVELY -> {
                forwarder.hold();
                execute(sequence, buffer, index, lengthBytes);
                forwarder.tell();
            }
            case JobRing.EXECUTE_AGAIN -> executeAgain(sequence, buffer, index, lengthBytes);
            case JobRing.CONFIRM -> {
                if (!forwarder.release()) {
                    return ControlledMessageHandler.Action.ABORT;
                }
            }
            case JobRing.READ -> {
                final int answerLength = exactlyOnce.read(
                        (int) buffer.getLong(index + JobRing.CLIENT_ID_OFFSET),
                        buffer,
                        index + JobRing.BODY_OFFSET,
                        lengthBytes - JobRing.BODY_OFFSET,
                        reply,
                        0);
                results.read(sequence, reply, 0, answerLength);
            }
            case JobRing.ROLL_BACK -> rollBack(sequence, jobs.takeSnapshot());
            case JobRing.CHECKPOINT -> checkpoint(sequence);
            case JobRing.RESTORE -> restore(sequence, jobs.takeSnapshot());
            default -> throw new IllegalStateException("job of unknown type " + type);
        }
        return ControlledMessageHandler.Action.CONTINUE;
    }

    private void execute(final long sequence, final DirectBuffer buffer, final int index, final int lengthBytes) {
        final int replyLength = apply(sequence, buffer, index, lengthBytes);
        if (replyLength != ExactlyOnce.STALE) {
            results.reply(
                    exactlyOnce.replySequence(),
                    (int) buffer.getLong(index + JobRing.CLIENT_ID_OFFSET),
                    buffer.getLong(index + JobRing.REQUEST_NUMBER_OFFSET),
                    reply,
                    0,
                    replyLength);
        }
    }

    /** Everybody heard of it the first time. */
    private void executeAgain(final long sequence, final DirectBuffer buffer, final int index, final int lengthBytes) {
        forwarder.mute();
        apply(sequence, buffer, index, lengthBytes);
        forwarder.tell();
    }

    private int apply(final long sequence, final DirectBuffer buffer, final int index, final int lengthBytes) {
        final int clientId = (int) buffer.getLong(index + JobRing.CLIENT_ID_OFFSET);
        final long requestNumber = buffer.getLong(index + JobRing.REQUEST_NUMBER_OFFSET);
        return exactlyOnce.execute(
                sequence,
                clientId,
                requestNumber,
                buffer,
                index + JobRing.BODY_OFFSET,
                lengthBytes - JobRing.BODY_OFFSET,
                reply,
                0);
    }

    private void checkpoint(final long sequence) {
        // A new buffer each time, about as long as the last one needed: the consensus side keeps it for as long as the
        // checkpoint lives.
        final ExpandableArrayBuffer snapshot = new ExpandableArrayBuffer(snapshotLength + SNAPSHOT_SPARE_BYTES);
        final int length = exactlyOnce.snapshot(snapshot, 0);
        snapshotLength = length;
        results.checkpoint(sequence, new UnsafeBuffer(snapshot.byteArray(), 0, length));
    }

    private void restore(final long sequence, final DirectBuffer snapshot) {
        boolean isAccepted = true;
        forwarder.beginRestore();
        try {
            exactlyOnce.restore(snapshot, 0, snapshot.capacity());
        } catch (final IllegalArgumentException refused) {
            isAccepted = false;
        }
        forwarder.endRestore(isAccepted);
        results.restored(sequence, isAccepted);
    }

    /** Own and older: whoever listens knows what it holds. */
    private void rollBack(final long sequence, final DirectBuffer snapshot) {
        forwarder.mute();
        exactlyOnce.restore(snapshot, 0, snapshot.capacity());
        forwarder.forget();
        results.rolledBack(sequence);
    }

    /**
     * Turns what the decision machine tells into events on the result ring; a restored state becomes one event. Those of a
     * tentative sequence are held until it has committed.
     */
    private final class RoundForwarder implements RoundListener {
        private final ArrayDeque<RoundEvent> held = new ArrayDeque<>();
        private boolean isHolding;
        private boolean isMute;
        private List<RoundEvent.Opened> open;
        private List<RoundEvent.Recovered> closed;

        void beginRestore() {
            open = new ArrayList<>();
            closed = new ArrayList<>();
        }

        void hold() {
            isHolding = true;
        }

        void mute() {
            isMute = true;
        }

        void tell() {
            isHolding = false;
            isMute = false;
        }

        /** What was held never happened. */
        void forget() {
            held.clear();
            tell();
        }

        /** Tells what was held; false if there is more than room for it. */
        boolean release() {
            while (!held.isEmpty() && results.hasRoom()) {
                results.event(held.pollFirst());
            }
            return held.isEmpty();
        }

        private void event(final RoundEvent event) {
            if (isHolding) {
                held.addLast(event);
            } else if (!isMute) {
                results.event(event);
            }
        }

        void endRestore(final boolean isAccepted) {
            if (isAccepted) {
                held.clear();
                results.event(new RoundEvent.Restored(List.copyOf(open), List.copyOf(closed)));
            }
            open = null;
            closed = null;
        }

        @Override
        public void onRoundOpened(final String round, final long sequence) {
            final RoundEvent.Opened event = new RoundEvent.Opened(round, sequence);
            if (open == null) {
                event(event);
            } else {
                open.add(event);
            }
        }

        @Override
        public void onRoundClosed(final Decision decision) {
            event(new RoundEvent.Closed(decision));
        }

        @Override
        public void onRestored() {
            if (!isMute) {
                open.clear();
                closed.clear();
            }
        }

        @Override
        public void onRoundRecovered(
                final String round, final long sequence, final Decision.Status status, final byte[] digest) {
            if (!isMute) {
                closed.add(new RoundEvent.Recovered(round, sequence, status, digest));
            }
        }
    }
}
