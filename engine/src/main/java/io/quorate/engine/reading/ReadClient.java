package io.quorate.engine.reading;

import io.quorate.engine.metrics.Counters;
import io.quorate.engine.metrics.ReadCounter;
import io.quorate.engine.ordering.Ordering;
import io.quorate.engine.ordering.ReplyHandler;
import io.quorate.engine.ordering.StateMachine;
import java.util.Arrays;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A client's side of reads: asks every replica, believes what q of them answer alike, and has the query ordered like any
 * request if they do not. Only for groups whose clients complete ordered requests on q replies. One thread, the consensus
 * thread.
 */
public final class ReadClient {
    /** Too many reads are under way. */
    public static final long REFUSED = Ordering.REFUSED;

    private static final int NO_ANSWER = -1;
    private static final long NOT_ORDERED = 0;

    /** One read that waits. */
    private static final class Waiting {
        final UnsafeBuffer query;
        final UnsafeBuffer answers;
        final int[] lengths;
        int queryLength;
        long readNumber;
        long requestNumber;
        long orderAtNs;

        Waiting(final ReadContext context) {
            query = new UnsafeBuffer(new byte[context.queryLengthMax()]);
            answers = new UnsafeBuffer(new byte[context.peerCount() * StateMachine.REPLY_LENGTH_MAX]);
            lengths = new int[context.peerCount()];
        }

        int countEqual(final int replicaId) {
            int count = 0;
            for (int other = 0; other < lengths.length; other++) {
                count += isEqual(replicaId, other) ? 1 : 0;
            }
            return count;
        }

        int missingCount() {
            int count = 0;
            for (final int length : lengths) {
                count += length == NO_ANSWER ? 1 : 0;
            }
            return count;
        }

        int largestCount() {
            int largest = 0;
            for (int replicaId = 0; replicaId < lengths.length; replicaId++) {
                largest = Math.max(largest, lengths[replicaId] == NO_ANSWER ? 0 : countEqual(replicaId));
            }
            return largest;
        }

        private boolean isEqual(final int a, final int b) {
            if (lengths[a] != lengths[b]) {
                return false;
            }
            for (int i = 0; i < lengths[a]; i++) {
                if (answers.getByte(a * StateMachine.REPLY_LENGTH_MAX + i)
                        != answers.getByte(b * StateMachine.REPLY_LENGTH_MAX + i)) {
                    return false;
                }
            }
            return true;
        }
    }

    private final ReadContext context;
    private final ReadPublisher publisher;
    private final ReadServer localServer;
    private final Ordering ordering;
    private final ReplyHandler handler;
    private final Counters<ReadCounter> counters;
    private final Waiting[] window;
    private long nextNumber;
    private int waitingCount;

    /**
     * @param firstReadNumber above every number of this client's earlier lives
     * @param localServer of the same peer; asked, and answers, by direct calls
     * @param ordering where queries go on which the replicas do not agree; the replies come to {@link #onReply}
     * @param handler gets the answer to each read, once
     */
    public ReadClient(
            final ReadContext context,
            final long firstReadNumber,
            final ReadPublisher publisher,
            final ReadServer localServer,
            final Ordering ordering,
            final ReplyHandler handler,
            final Counters<ReadCounter> counters) {
        this.context = context;
        this.publisher = publisher;
        this.localServer = localServer;
        this.ordering = ordering;
        this.handler = handler;
        this.counters = counters;
        nextNumber = firstReadNumber;
        window = new Waiting[context.clientWindow()];
        localServer.localClient(this);
    }

    /**
     * Asks the group.
     *
     * @return the number that the answer will carry, or {@link #REFUSED}
     * @throws IllegalArgumentException if the query is longer than allowed
     */
    public long read(final DirectBuffer query, final int offset, final int lengthBytes, final long nowNs) {
        if (lengthBytes < 0 || lengthBytes > context.queryLengthMax()) {
            throw new IllegalArgumentException(
                    "a query has at most " + context.queryLengthMax() + " bytes, given " + lengthBytes);
        }
        final int cell = (int) (nextNumber % window.length);
        if (window[cell] != null && window[cell].readNumber != 0) {
            return REFUSED;
        }
        if (window[cell] == null) {
            window[cell] = new Waiting(context);
        }
        final Waiting waiting = window[cell];
        waiting.requestNumber = NOT_ORDERED;
        counters.increment(ReadCounter.ASKED);
        final long readNumber = nextNumber++;
        ask(waiting, readNumber, query, offset, lengthBytes, nowNs);
        return readNumber;
    }

    private void ask(
            final Waiting waiting,
            final long readNumber,
            final DirectBuffer query,
            final int offset,
            final int lengthBytes,
            final long nowNs) {
        waiting.readNumber = readNumber;
        waiting.query.putBytes(0, query, offset, lengthBytes);
        waiting.queryLength = lengthBytes;
        waiting.orderAtNs = context.isUnordered() ? nowNs + context.patienceNs() : nowNs;
        Arrays.fill(waiting.lengths, NO_ANSWER);
        waitingCount++;
        if (context.isUnordered() && waiting.requestNumber == NOT_ORDERED) {
            publisher.read(readNumber, waiting.query, 0, lengthBytes);
            localServer.onRead(context.selfId(), readNumber, waiting.query, 0, lengthBytes);
        }
    }

    /**
     * Goes on where this peer's client in the epoch before ended: reads under way are asked again under their numbers; those that
     * are ordered go on as requests, which the ordering has taken over already. Before anything else is read.
     */
    public void adopt(final ReadClient before, final long nowNs) {
        if (waitingCount > 0 || before.window.length != window.length) {
            throw new IllegalStateException("a client goes on from another of the same window, at first");
        }
        nextNumber = before.nextNumber;
        for (int cell = 0; cell < window.length; cell++) {
            final Waiting old = before.window[cell];
            if (old != null && old.readNumber != 0) {
                window[cell] = new Waiting(context);
                window[cell].requestNumber = old.requestNumber;
                ask(window[cell], old.readNumber, old.query, 0, old.queryLength, nowNs);
            }
        }
    }

    /** Reads that wait for their answers. */
    public int waitingCount() {
        return waitingCount;
    }

    /** A replica's answer. */
    void onAnswer(
            final int replicaId,
            final long readNumber,
            final DirectBuffer answer,
            final int offset,
            final int lengthBytes) {
        final Waiting waiting = readNumber < 1 ? null : window[(int) (readNumber % window.length)];
        if (waiting == null
                || waiting.readNumber != readNumber
                || waiting.requestNumber != NOT_ORDERED
                || waiting.lengths[replicaId] != NO_ANSWER
                || lengthBytes > StateMachine.REPLY_LENGTH_MAX) {
            counters.increment(ReadCounter.DROPPED_UNWANTED);
            return;
        }
        waiting.answers.putBytes(replicaId * StateMachine.REPLY_LENGTH_MAX, answer, offset, lengthBytes);
        waiting.lengths[replicaId] = lengthBytes;
        final int quorum = context.quorum().quorum();
        if (waiting.countEqual(replicaId) >= quorum) {
            counters.increment(ReadCounter.BELIEVED);
            complete(waiting, answer, offset, lengthBytes);
        } else if (waiting.largestCount() + waiting.missingCount() < quorum) {
            // They never will be: order it, at the next tick.
            waiting.orderAtNs = Long.MIN_VALUE / 2;
        }
    }

    /** Has the queries ordered that were not answered alike in time. */
    public void onTick(final long nowNs) {
        for (int cell = 0; waitingCount > 0 && cell < window.length; cell++) {
            final Waiting waiting = window[cell];
            if (waiting != null
                    && waiting.readNumber != 0
                    && waiting.requestNumber == NOT_ORDERED
                    && nowNs - waiting.orderAtNs >= 0) {
                final long requestNumber = ordering.submit(waiting.query, 0, waiting.queryLength, nowNs);
                if (requestNumber == Ordering.REFUSED) {
                    return;
                }
                if (waiting.readNumber != 0) {
                    waiting.requestNumber = requestNumber;
                    counters.increment(ReadCounter.ORDERED);
                }
            }
        }
    }

    /**
     * The reply to an ordered request.
     *
     * @return false if the request was no read of this client
     */
    public boolean onReply(
            final long requestNumber, final DirectBuffer reply, final int offset, final int lengthBytes) {
        for (final Waiting waiting : window) {
            if (waiting != null && waiting.readNumber != 0 && waiting.requestNumber == requestNumber) {
                complete(waiting, reply, offset, lengthBytes);
                return true;
            }
        }
        return false;
    }

    private void complete(final Waiting waiting, final DirectBuffer answer, final int offset, final int lengthBytes) {
        final long readNumber = waiting.readNumber;
        waiting.readNumber = 0;
        waitingCount--;
        handler.onReply(readNumber, answer, offset, lengthBytes);
    }
}
