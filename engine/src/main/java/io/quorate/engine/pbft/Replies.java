package io.quorate.engine.pbft;

import io.quorate.engine.metrics.PbftCounter;
import io.quorate.engine.ordering.ClientTable;
import org.agrona.DirectBuffer;

/** What a replica answers its clients: replies as execution gives them, and again when a client asks (OSDI 1999, 4.1). */
final class Replies {
    private final PbftReplica replica;
    private PbftClient localClient;

    Replies(final PbftReplica replica) {
        this.replica = replica;
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
        if (replica.clients.status(clientId, requestNumber) == ClientTable.Status.FRESH) {
            replica.clients.record(clientId, requestNumber, sequence, reply, offset, lengthBytes);
        }
        if (replica.clients.status(clientId, requestNumber) == ClientTable.Status.APPLIED) {
            reply(clientId, requestNumber);
        }
    }

    /** A client asks again for what was executed: it gets the reply kept from that time. */
    void resend(final int senderId, final int clientId, final long requestNumber) {
        if (senderId == clientId && replica.clients.status(clientId, requestNumber) == ClientTable.Status.APPLIED) {
            replica.counters.increment(PbftCounter.REPLIES_RESENT);
            reply(clientId, requestNumber);
        }
    }

    private void reply(final int clientId, final long requestNumber) {
        final int offset = replica.clients.replyOffset(clientId, requestNumber);
        final int length = replica.clients.replyLength(clientId, requestNumber);
        if (clientId != replica.selfId) {
            replica.publisher.reply(
                    clientId,
                    !replica.isVoting(),
                    replica.view(),
                    requestNumber,
                    replica.clients.sequence(clientId, requestNumber),
                    replica.clients.replies(),
                    offset,
                    length);
        } else if (localClient != null) {
            localClient.onReply(
                    replica.selfId,
                    !replica.isVoting(),
                    requestNumber,
                    replica.clients.replies(),
                    offset,
                    length,
                    replica.nowNs());
        }
    }
}
