package io.quorate.engine.pbft;

import io.quorate.engine.metrics.PbftCounter;
import io.quorate.engine.ordering.ClientTable;
import io.quorate.engine.ordering.StateMachine;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What a replica answers its clients: replies as execution gives them, and again when a client asks (OSDI 1999, 4.1). The replies
 * of a tentative sequence are kept apart from the client table until it commits.
 */
final class Replies {
    /** The request has committed. */
    static final int FINAL = 0;

    /** The request has prepared in the view that the reply names, and everything before it has committed. */
    static final int TENTATIVE = 1;

    /** The replica has no vote: clients do not count what it says. */
    static final int WITHOUT_VOTE = 2;

    private final PbftReplica replica;
    private final int[] clientIds;
    private final long[] requestNumbers;
    private final int[] lengths;
    private final boolean[] isSent;
    private final UnsafeBuffer tentative;
    private PbftClient localClient;
    private long tentativeSequence;
    private int tentativeCount;

    Replies(final PbftReplica replica) {
        this.replica = replica;
        final int batchCountMax = replica.context.batchCountMax();
        clientIds = new int[batchCountMax];
        requestNumbers = new long[batchCountMax];
        lengths = new int[batchCountMax];
        isSent = new boolean[batchCountMax];
        tentative = new UnsafeBuffer(new byte[batchCountMax * StateMachine.REPLY_LENGTH_MAX]);
    }

    /** The client of the same peer gets its replies by direct calls. */
    void localClient(final PbftClient client) {
        localClient = client;
    }

    /** Execution applied a request now, or earlier: then this is the reply kept from that time. */
    void onReply(
            final long sequence,
            final int clientId,
            final long requestNumber,
            final DirectBuffer reply,
            final int offset,
            final int lengthBytes) {
        if (!replica.applier.isFinal(sequence)) {
            // One that was rolled back while its reply was under way is nobody's.
            if (replica.applier.isTentative(sequence) && find(clientId, requestNumber) < 0) {
                keep(sequence, clientId, requestNumber, reply, offset, lengthBytes);
            }
            return;
        }
        if (replica.clients.status(clientId, requestNumber) == ClientTable.Status.FRESH) {
            replica.clients.record(clientId, requestNumber, sequence, reply, offset, lengthBytes);
        }
        if (replica.clients.status(clientId, requestNumber) == ClientTable.Status.APPLIED) {
            answerFinal(clientId, requestNumber);
        }
    }

    private void keep(
            final long sequence,
            final int clientId,
            final long requestNumber,
            final DirectBuffer reply,
            final int offset,
            final int lengthBytes) {
        final int index = tentativeCount++;
        tentativeSequence = sequence;
        clientIds[index] = clientId;
        requestNumbers[index] = requestNumber;
        lengths[index] = lengthBytes;
        isSent[index] = false;
        tentative.putBytes(index * StateMachine.REPLY_LENGTH_MAX, reply, offset, lengthBytes);
        answerTentative(index);
    }

    private int find(final int clientId, final long requestNumber) {
        for (int i = 0; i < tentativeCount; i++) {
            if (clientIds[i] == clientId && requestNumbers[i] == requestNumber) {
                return i;
            }
        }
        return -1;
    }

    /**
     * True if this replica may say that the tentative sequence has prepared here: it is in the view in which it did, P holds it,
     * and the journal holds that. The one door for tentative replies.
     */
    private boolean isVouchedFor() {
        return replica.isActive()
                && replica.isVoting()
                && replica.applier.tentativeView() == replica.view()
                && replica.recorder.isDurable(replica.log.slot(tentativeSequence).commitNumber);
    }

    /** More of the journal is durable: tentative replies that waited for it may go. */
    void onDurable() {
        for (int i = 0; i < tentativeCount; i++) {
            if (!isSent[i]) {
                answerTentative(i);
            }
        }
    }

    /** Answers everybody who has a request in the tentative sequence. */
    void answerTentative() {
        for (int i = 0; i < tentativeCount; i++) {
            answerTentative(i);
        }
    }

    private void answerTentative(final int index) {
        if (isVouchedFor()) {
            isSent[index] = true;
            send(
                    clientIds[index],
                    TENTATIVE,
                    requestNumbers[index],
                    tentativeSequence,
                    tentative,
                    index * StateMachine.REPLY_LENGTH_MAX,
                    lengths[index]);
        }
    }

    /** The tentative sequence has committed: its replies are kept, and from now on are final. */
    void onFinal() {
        for (int i = 0; i < tentativeCount; i++) {
            if (replica.clients.status(clientIds[i], requestNumbers[i]) == ClientTable.Status.FRESH) {
                final int offset = i * StateMachine.REPLY_LENGTH_MAX;
                replica.clients.record(
                        clientIds[i], requestNumbers[i], tentativeSequence, tentative, offset, lengths[i]);
            }
            if (!isSent[i] && replica.clients.status(clientIds[i], requestNumbers[i]) == ClientTable.Status.APPLIED) {
                answerFinal(clientIds[i], requestNumbers[i]);
            }
        }
        tentativeCount = 0;
    }

    /** The tentative sequence is gone: so are its replies. */
    void onRolledBack() {
        tentativeCount = 0;
    }

    /** A client asks again for what was executed: it gets the reply kept from that time. */
    void resend(final int senderId, final int clientId, final long requestNumber) {
        if (senderId != clientId) {
            return;
        }
        final int index = find(clientId, requestNumber);
        if (replica.clients.status(clientId, requestNumber) == ClientTable.Status.APPLIED) {
            replica.counters.increment(PbftCounter.REPLIES_RESENT);
            answerFinal(clientId, requestNumber);
        } else if (index >= 0) {
            replica.counters.increment(PbftCounter.REPLIES_RESENT);
            answerTentative(index);
        }
    }

    /** The own client gets no reply through the gate; one that must wait for the journal it is given when it asks again. */
    private boolean isKeptFor(final int standing) {
        return standing != FINAL || replica.recorder.isCommitDurable();
    }

    private void answerFinal(final int clientId, final long requestNumber) {
        send(
                clientId,
                replica.isVoting() ? FINAL : WITHOUT_VOTE,
                requestNumber,
                replica.clients.sequence(clientId, requestNumber),
                replica.clients.replies(),
                replica.clients.replyOffset(clientId, requestNumber),
                replica.clients.replyLength(clientId, requestNumber));
    }

    private void send(
            final int clientId,
            final int standing,
            final long requestNumber,
            final long sequence,
            final DirectBuffer reply,
            final int offset,
            final int lengthBytes) {
        if (clientId != replica.selfId) {
            replica.publisher.reply(
                    clientId, standing, replica.view(), requestNumber, sequence, reply, offset, lengthBytes);
        } else if (localClient != null && isKeptFor(standing)) {
            localClient.onReply(
                    replica.selfId,
                    standing,
                    replica.view(),
                    requestNumber,
                    sequence,
                    reply,
                    offset,
                    lengthBytes,
                    replica.nowNs());
        }
    }
}
