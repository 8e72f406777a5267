package io.quorate.engine.agent;

import io.quorate.engine.decision.Decision;
import io.quorate.engine.decision.DecisionContext;
import io.quorate.engine.decision.DecisionMachine;
import io.quorate.engine.decision.RoundListener;
import io.quorate.engine.ordering.ClientTable;
import io.quorate.engine.ordering.ExactlyOnce;
import io.quorate.engine.ordering.StateMachine;
import java.util.ArrayList;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.ControlledMessageHandler;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The data plane: applies committed requests to the rounds, exactly once a request, takes checkpoints and restores snapshots.
 * Owns the kernels and their scratch. Reads the job ring, writes the result ring, sees no frame and no address.
 */
public final class KernelAgent implements Agent {
    private static final int JOBS_A_TURN = 16;
    private static final int SNAPSHOT_INITIAL_BYTES = 64 * 1024;

    private final JobRing jobs;
    private final ResultRing results;
    private final DecisionMachine machine;
    private final ExactlyOnce exactlyOnce;
    private final RoundForwarder forwarder = new RoundForwarder();
    private final UnsafeBuffer reply = new UnsafeBuffer(new byte[StateMachine.REPLY_LENGTH_MAX]);
    private final ControlledMessageHandler onJob = this::onJob;

    /**
     * @param settings concluded
     * @param clients empty, of the group's shape
     */
    public KernelAgent(
            final JobRing jobs, final ResultRing results, final DecisionContext settings, final ClientTable clients) {
        this.jobs = jobs;
        this.results = results;
        machine = new DecisionMachine(settings, forwarder);
        exactlyOnce = new ExactlyOnce(clients, machine);
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
            case JobRing.CHECKPOINT -> checkpoint(sequence);
            case JobRing.RESTORE -> restore(sequence, jobs.takeSnapshot());
            default -> throw new IllegalStateException("job of unknown type " + type);
        }
        return ControlledMessageHandler.Action.CONTINUE;
    }

    private void execute(final long sequence, final DirectBuffer buffer, final int index, final int lengthBytes) {
        final int clientId = (int) buffer.getLong(index + JobRing.CLIENT_ID_OFFSET);
        final long requestNumber = buffer.getLong(index + JobRing.REQUEST_NUMBER_OFFSET);
        final int replyLength = exactlyOnce.execute(
                sequence,
                clientId,
                requestNumber,
                buffer,
                index + JobRing.BODY_OFFSET,
                lengthBytes - JobRing.BODY_OFFSET,
                reply,
                0);
        if (replyLength != ExactlyOnce.STALE) {
            results.reply(exactlyOnce.replySequence(), clientId, requestNumber, reply, 0, replyLength);
        }
    }

    private void checkpoint(final long sequence) {
        // A new buffer each time: the consensus side keeps it for as long as the checkpoint lives.
        final ExpandableArrayBuffer snapshot = new ExpandableArrayBuffer(SNAPSHOT_INITIAL_BYTES);
        final int length = exactlyOnce.snapshot(snapshot, 0);
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

    /** Turns what the decision machine tells into events on the result ring; a restored state becomes one event. */
    private final class RoundForwarder implements RoundListener {
        private List<RoundEvent.Opened> open;
        private List<RoundEvent.Recovered> closed;

        void beginRestore() {
            open = new ArrayList<>();
            closed = new ArrayList<>();
        }

        void endRestore(final boolean isAccepted) {
            if (isAccepted) {
                results.event(new RoundEvent.Restored(List.copyOf(open), List.copyOf(closed)));
            }
            open = null;
            closed = null;
        }

        @Override
        public void onRoundOpened(final String round, final long sequence) {
            final RoundEvent.Opened event = new RoundEvent.Opened(round, sequence);
            if (open == null) {
                results.event(event);
            } else {
                open.add(event);
            }
        }

        @Override
        public void onRoundClosed(final Decision decision) {
            results.event(new RoundEvent.Closed(decision));
        }

        @Override
        public void onRestored() {
            open.clear();
            closed.clear();
        }

        @Override
        public void onRoundRecovered(
                final String round, final long sequence, final Decision.Status status, final byte[] digest) {
            closed.add(new RoundEvent.Recovered(round, sequence, status, digest));
        }
    }
}
