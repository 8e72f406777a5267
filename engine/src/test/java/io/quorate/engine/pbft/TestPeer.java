package io.quorate.engine.pbft;

import io.quorate.engine.epoch.ReconfigureCommand;
import io.quorate.engine.evidence.Evidence;
import io.quorate.engine.journal.DurableGate;
import io.quorate.engine.journal.MemoryJournal;
import io.quorate.engine.ordering.ClientTable;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.ordering.ExactlyOnce;
import io.quorate.engine.ordering.Execution;
import io.quorate.engine.ordering.StateMachine;
import io.quorate.transport.Outbox;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.agrona.DirectBuffer;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** One peer of a {@link TestGroup}: replica, client, and a state machine that writes down what it applied. */
final class TestPeer implements Outbox, Execution, PbftListener {
    /** Jobs that execution takes before it says that the way is full. */
    private static final int JOBS_MAX = 8;

    final int id;
    final PbftContext context;
    final PbftReplica replica;
    final PbftClient client;
    final PbftAdapter adapter;
    final Register register = new Register();
    final Map<Long, String> committed = new LinkedHashMap<>();
    final Map<Long, String> stable = new LinkedHashMap<>();
    final Map<Long, String> replies = new LinkedHashMap<>();
    final List<Long> viewsEntered = new ArrayList<>();
    final List<Evidence> evidence = new ArrayList<>();

    /** What execution was told of tentative sequences. */
    final List<String> told = new ArrayList<>();

    /** Makes a broken twin: execution says that it went back, and stays where it is. */
    boolean isKeepingState;

    long votingAgainAt = -1;
    boolean isAlive = true;

    private final TestGroup group;
    private final ExactlyOnce machine;
    private final DurableGate gate;
    private final ArrayDeque<Runnable> jobs = new ArrayDeque<>();
    private final UnsafeBuffer reply = new UnsafeBuffer(new byte[StateMachine.REPLY_LENGTH_MAX]);

    /** A peer that goes on from what its journal holds; without one, memory-only. */
    TestPeer(final TestGroup group, final PbftContext context, final TestJournal journal) {
        this.group = group;
        this.context = context;
        id = context.selfId();
        machine = new ExactlyOnce(
                new ClientTable(context.peerCount(), context.clientWindow()), group.machine(register, context));
        gate = journal == null ? null : new DurableGate(journal, this, 1024 * 1024);
        final PbftPublisher publisher = new PbftPublisher(context, this, gate);
        replica = new PbftReplica(
                context,
                publisher,
                group.keys.signer(id),
                group.keys,
                this,
                this,
                journal == null ? MemoryJournal.INSTANCE : journal);
        client = new PbftClient(
                context,
                publisher,
                group.keys.signer(id),
                replica,
                (number, bytes, offset, length) ->
                        replies.put(number, bytes.getStringWithoutLengthAscii(offset, length)));
        adapter = new PbftAdapter(replica, client);
        if (group.opening != null) {
            replica.open(group.opening.sequence(), group.opening.stateDigest());
        }
        if (journal != null) {
            replica.restart(journal.reopen(), group.nowNs);
        }
        if (group.opening != null && group.isHolder(id)) {
            replica.supply(group.opening.snapshot(), group.opening.lengthBytes());
        }
    }

    void tick(final long nowNs) {
        work();
        adapter.onTurn(nowNs);
        replica.onTick(nowNs);
        client.onTick(nowNs);
        if (gate != null) {
            gate.flush();
        }
    }

    /** The kernel thread: everything handed over before now is applied. */
    void work() {
        for (int count = jobs.size(); count > 0; count--) {
            jobs.poll().run();
        }
    }

    /** As {@link #work()}, until nothing is left to do. */
    void workOff() {
        while (!jobs.isEmpty()) {
            work();
        }
    }

    @Override
    public boolean send(final int peerId, final DirectBuffer message, final int offset, final int lengthBytes) {
        if (lengthBytes > context.messageLengthMax()) {
            throw new IllegalArgumentException("too long: " + lengthBytes);
        }
        return group.send(id, peerId, message, offset, lengthBytes);
    }

    @Override
    public void flush() {}

    @Override
    public boolean execute(
            final long sequence,
            final Standing standing,
            final int clientId,
            final long requestNumber,
            final DirectBuffer request,
            final int offset,
            final int lengthBytes) {
        if (jobs.size() >= JOBS_MAX) {
            return false;
        }
        final UnsafeBuffer copy = copy(request, offset, lengthBytes);
        jobs.add(() -> {
            final int length = machine.execute(sequence, clientId, requestNumber, copy, 0, copy.capacity(), reply, 0);
            if (length != ExactlyOnce.STALE && standing != Standing.REPEATED) {
                replica.onReply(machine.replySequence(), clientId, requestNumber, reply, 0, length);
            }
        });
        return true;
    }

    @Override
    public boolean confirm(final long sequence) {
        if (jobs.size() >= JOBS_MAX) {
            return false;
        }
        jobs.add(() -> told.add("final " + sequence));
        return true;
    }

    @Override
    public boolean rollBack(final long sequence, final DirectBuffer snapshot, final int offset, final int lengthBytes) {
        final UnsafeBuffer copy = copy(snapshot, offset, lengthBytes);
        jobs.add(() -> {
            if (!isKeepingState) {
                machine.restore(copy, 0, copy.capacity());
            }
            told.add("back to " + sequence);
            replica.onRolledBack(sequence);
        });
        return true;
    }

    @Override
    public boolean checkpoint(final long sequence) {
        if (jobs.size() >= JOBS_MAX) {
            return false;
        }
        jobs.add(() -> {
            final ExpandableArrayBuffer snapshot = new ExpandableArrayBuffer();
            final int length = machine.snapshot(snapshot, 0);
            replica.onCheckpoint(sequence, snapshot, 0, length);
        });
        return true;
    }

    @Override
    public boolean restore(final long sequence, final DirectBuffer snapshot, final int offset, final int lengthBytes) {
        final UnsafeBuffer copy = copy(snapshot, offset, lengthBytes);
        jobs.add(() -> {
            machine.restore(copy, 0, copy.capacity());
            replica.onRestored(sequence, true);
        });
        return true;
    }

    @Override
    public long lastSequence(final DirectBuffer snapshot, final int offset, final int lengthBytes) {
        return group.lastSequence(snapshot, offset, lengthBytes);
    }

    @Override
    public boolean mayEndEpoch(final DirectBuffer request, final int offset, final int lengthBytes) {
        return group.roster != null
                && ReconfigureCommand.isPlausible(
                        request, offset, lengthBytes, context.quorum().quorum());
    }

    private static UnsafeBuffer copy(final DirectBuffer source, final int offset, final int lengthBytes) {
        final byte[] bytes = new byte[lengthBytes];
        source.getBytes(offset, bytes);
        return new UnsafeBuffer(bytes);
    }

    @Override
    public void onCommitted(final long sequence, final Digest256 batchDigest) {
        committed.put(sequence, batchDigest.toString());
        group.onCommitted(sequence, batchDigest.toString());
    }

    @Override
    public void onStableCheckpoint(final long sequence, final Digest256 stateDigest) {
        stable.put(sequence, stateDigest.toString());
        group.onStable(sequence, stateDigest.toString());
    }

    @Override
    public void onViewChanged(final long view, final int primaryId) {
        viewsEntered.add(view);
    }

    @Override
    public void onVotingAgain(final long sequence) {
        votingAgainAt = sequence;
    }

    @Override
    public void onEvidence(final Evidence found) {
        evidence.add(found);
    }

    /** A list of what was applied, in order; the snapshot is its text. */
    static final class Register implements StateMachine {
        final List<String> applied = new ArrayList<>();

        @Override
        public int apply(
                final long sequence,
                final int clientId,
                final DirectBuffer request,
                final int offset,
                final int lengthBytes,
                final MutableDirectBuffer reply,
                final int replyOffset) {
            applied.add(clientId + ":" + request.getStringWithoutLengthAscii(offset, lengthBytes));
            return reply.putStringWithoutLengthAscii(replyOffset, "ok" + applied.size());
        }

        @Override
        public int read(
                final int clientId,
                final DirectBuffer query,
                final int offset,
                final int lengthBytes,
                final MutableDirectBuffer answer,
                final int answerOffset) {
            return answer.putStringWithoutLengthAscii(answerOffset, "held " + applied.size());
        }

        @Override
        public int snapshot(final MutableDirectBuffer destination, final int offset) {
            return destination.putStringWithoutLengthAscii(offset, String.join("\n", applied));
        }

        @Override
        public void restore(final DirectBuffer snapshot, final int offset, final int lengthBytes) {
            applied.clear();
            final String text = snapshot.getStringWithoutLengthAscii(offset, lengthBytes);
            if (!text.isEmpty()) {
                applied.addAll(List.of(text.split("\n")));
            }
        }
    }
}
