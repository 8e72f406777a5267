package io.quorate.engine.simulator;

import io.quorate.engine.ordering.Execution;
import io.quorate.engine.ordering.Ordering;
import io.quorate.engine.pbft.PbftAdapter;
import io.quorate.engine.pbft.PbftClient;
import io.quorate.engine.pbft.PbftContext;
import io.quorate.engine.pbft.PbftListener;
import io.quorate.engine.pbft.PbftPublisher;
import io.quorate.engine.pbft.PbftReplica;
import io.quorate.engine.virtual.SimRandom;
import io.quorate.transport.Outbox;
import org.agrona.BitUtil;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The production core of a whole group as fast as one thread carries it: replicas, clients and codecs, joined by one queue of
 * messages that are handled in the order of sending. No network, no faults, no trace; signatures are empty and always fit, and
 * execution answers at once. For what the core costs, in time and in bytes, and for nothing else: it checks no property but
 * that the group moves. Every client keeps its window full. One thread; allocates at construction only.
 */
public final class DecisionRun {
    /** Bytes of a request body. */
    public static final int REQUEST_LENGTH = 32;

    private static final int QUEUE_LENGTH = 1 << 22;
    private static final int MESSAGE_HEAD = 4 * Integer.BYTES;
    private static final int MESSAGES_PER_TICK = 64;
    private static final long MESSAGE_NS = 300;
    private static final int SNAPSHOT_LENGTH = 2 * Long.BYTES;
    private static final int REPLY_LENGTH = Long.BYTES;

    private final UnsafeBuffer queue = new UnsafeBuffer(new byte[QUEUE_LENGTH]);
    private final Member[] members;
    private int readAt;
    private int writeAt;
    private long nowNs;
    private long messages;

    /**
     * @param requestsPerDecision most requests in a batch
     * @param clientWindow requests that each client keeps under way
     * @param checkpointInterval K; the window is twice as long
     */
    public DecisionRun(
            final int peerCount, final int requestsPerDecision, final int clientWindow, final int checkpointInterval) {
        members = new Member[peerCount];
        for (int id = 0; id < peerCount; id++) {
            final PbftContext context = new PbftContext()
                    .peerCount(peerCount)
                    .selfId(id)
                    .random(new SimRandom(id))
                    .isFirstStart(true)
                    .checkpointInterval(checkpointInterval)
                    .windowLength(2 * checkpointInterval)
                    .prePreparedMax(4)
                    .batchCountMax(requestsPerDecision)
                    .clientWindow(clientWindow)
                    .requestLengthMax(REQUEST_LENGTH)
                    .messageLengthMax(1 << 20)
                    .conclude();
            members[id] = new Member(id, context);
        }
    }

    /** Runs until every peer has committed so many sequences more. */
    public void decide(final long decisions) {
        final long target = decisionCount() + decisions;
        while (decisionCount() < target) {
            final long before = messages;
            for (final Member member : members) {
                member.turn();
            }
            drain();
            if (messages == before) {
                throw new IllegalStateException("the group stands still at " + decisionCount() + " decisions");
            }
        }
    }

    /** Sequences that every peer has committed. */
    public long decisionCount() {
        long least = Long.MAX_VALUE;
        for (final Member member : members) {
            least = Math.min(least, member.replica.committedSequence());
        }
        return least;
    }

    /** Requests whose clients believe their reply. */
    public long answeredCount() {
        long sum = 0;
        for (final Member member : members) {
            sum += member.answered;
        }
        return sum;
    }

    /** Messages handled, each receiver counted. */
    public long messageCount() {
        return messages;
    }

    private void drain() {
        while (readAt != writeAt) {
            final int lengthBytes = queue.getInt(readAt);
            if (lengthBytes < 0) {
                readAt = 0;
                continue;
            }
            final Member receiver = members[queue.getInt(readAt + Integer.BYTES)];
            final int senderId = queue.getInt(readAt + 2 * Integer.BYTES);
            final int at = readAt + MESSAGE_HEAD;
            nowNs += MESSAGE_NS;
            messages++;
            receiver.adapter.onMessage(senderId, queue, at, lengthBytes, nowNs);
            // Only now: until here the message stands in the queue.
            readAt = at + BitUtil.align(lengthBytes, Long.BYTES);
            if (messages % MESSAGES_PER_TICK == 0) {
                return;
            }
        }
    }

    private void append(final int from, final int to, final DirectBuffer message, final int offset, final int length) {
        final int end = writeAt + MESSAGE_HEAD + BitUtil.align(length, Long.BYTES);
        if (end + MESSAGE_HEAD > QUEUE_LENGTH) {
            queue.putInt(writeAt, -1);
            writeAt = 0;
            append(from, to, message, offset, length);
            return;
        }
        if (writeAt < readAt && end >= readAt) {
            throw new IllegalStateException("the queue of " + QUEUE_LENGTH + " bytes is full");
        }
        queue.putInt(writeAt, length);
        queue.putInt(writeAt + Integer.BYTES, to);
        queue.putInt(writeAt + 2 * Integer.BYTES, from);
        queue.putBytes(writeAt + MESSAGE_HEAD, message, offset, length);
        writeAt = end;
    }

    /** One peer: a replica, its client, and a state machine that counts. */
    private final class Member implements Outbox, Execution {
        private final int id;
        private final PbftReplica replica;
        private final PbftClient client;
        private final PbftAdapter adapter;
        private final UnsafeBuffer body = new UnsafeBuffer(new byte[REQUEST_LENGTH]);
        private final UnsafeBuffer reply = new UnsafeBuffer(new byte[REPLY_LENGTH]);
        private final UnsafeBuffer[] snapshots;
        private long applied;
        private long answered;
        private long checkpoints;

        private Member(final int id, final PbftContext context) {
            this.id = id;
            final PbftPublisher publisher = new PbftPublisher(context, this);
            replica = new PbftReplica(
                    context,
                    publisher,
                    (domain, content, offset, length, signature, at) -> {},
                    (peerId, domain, content, offset, length, signature, at) -> true,
                    this,
                    PbftListener.NONE);
            client = new PbftClient(
                    context,
                    publisher,
                    (domain, content, offset, length, signature, at) -> {},
                    replica,
                    (requestNumber, answer, offset, length) -> answered++);
            adapter = new PbftAdapter(replica, client);
            // A replica holds no more snapshots than this at a time.
            snapshots = new UnsafeBuffer[context.windowLength() / context.checkpointInterval() + 4];
            for (int i = 0; i < snapshots.length; i++) {
                snapshots[i] = new UnsafeBuffer(new byte[SNAPSHOT_LENGTH]);
            }
        }

        private void turn() {
            body.putLong(0, answered);
            boolean isTaken = true;
            while (isTaken) {
                isTaken = client.submit(body, 0, REQUEST_LENGTH, nowNs) != Ordering.REFUSED;
            }
            replica.onTick(nowNs);
            client.onTick(nowNs);
        }

        @Override
        public boolean send(final int to, final DirectBuffer message, final int offset, final int lengthBytes) {
            append(id, to, message, offset, lengthBytes);
            return true;
        }

        @Override
        public void flush() {
            // What is sent stands in the queue already.
        }

        @Override
        public boolean execute(
                final long sequence,
                final Standing standing,
                final int clientId,
                final long requestNumber,
                final DirectBuffer request,
                final int offset,
                final int lengthBytes) {
            reply.putLong(0, ++applied);
            replica.onReply(sequence, clientId, requestNumber, reply, 0, REPLY_LENGTH);
            return true;
        }

        @Override
        public boolean confirm(final long sequence) {
            return true;
        }

        @Override
        public boolean checkpoint(final long sequence) {
            final UnsafeBuffer snapshot = snapshots[(int) (checkpoints++ % snapshots.length)];
            snapshot.putLong(0, applied);
            snapshot.putLong(Long.BYTES, sequence);
            replica.onCheckpoint(sequence, snapshot, 0, SNAPSHOT_LENGTH);
            return true;
        }

        @Override
        public boolean restore(
                final long sequence, final DirectBuffer snapshot, final int offset, final int lengthBytes) {
            throw new IllegalStateException("nobody lags where nothing is lost, yet a state is fetched: " + sequence);
        }

        @Override
        public boolean rollBack(
                final long sequence, final DirectBuffer snapshot, final int offset, final int lengthBytes) {
            throw new IllegalStateException("no view changes where nobody is late, yet a state goes back: " + sequence);
        }
    }
}
