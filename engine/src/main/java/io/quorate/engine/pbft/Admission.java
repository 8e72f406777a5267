package io.quorate.engine.pbft;

import static io.quorate.engine.ordering.Request.BODY_OFFSET;
import static io.quorate.transport.auth.Signer.SIGNATURE_LENGTH;

import io.quorate.engine.metrics.PbftCounter;
import io.quorate.engine.ordering.ClientTable;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.ordering.Request;
import io.quorate.transport.auth.SigningDomain;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Which requests a replica takes in: those that a slot needs, and new ones within their client's window and budget, once their
 * signature holds (docs/protocols/pbft.md, section 2).
 */
final class Admission {
    private final PbftReplica replica;
    private final Digest256 requestDigest = new Digest256();
    private final UnsafeBuffer digestBytes = new UnsafeBuffer(new byte[Digest256.LENGTH]);

    Admission(final PbftReplica replica) {
        this.replica = replica;
    }

    /** A client's signed request: from the client, passed on, or fetched. Statement: see {@link Request}. */
    void onRequest(
            final int senderId,
            final int clientId,
            final long requestNumber,
            final DirectBuffer buffer,
            final int offset,
            final int lengthBytes) {
        if (clientId >= replica.context.peerCount()) {
            replica.counters.increment(PbftCounter.DROPPED_UNKNOWN_PEER);
            return;
        }
        if (lengthBytes < BODY_OFFSET || lengthBytes - BODY_OFFSET > replica.context.requestLengthMax()) {
            replica.counters.increment(PbftCounter.DROPPED_REQUEST_LENGTH);
            return;
        }
        Request.digestOf(replica.sha256, buffer, offset, lengthBytes, digestBytes, requestDigest);
        if (replica.requests.get(requestDigest) != null) {
            replica.counters.increment(PbftCounter.DROPPED_DUPLICATE);
            replica.replies.resend(senderId, clientId, requestNumber);
            return;
        }
        final ClientTable.Status status = replica.clients.status(clientId, requestNumber);
        final boolean isWelcome = status == ClientTable.Status.FRESH && replica.requests.hasRoom(clientId, lengthBytes);
        if (!isWelcome && !replica.log.isWanted(senderId, requestDigest)) {
            refuse(senderId, clientId, requestNumber, status);
            return;
        }
        if (!replica.verifier.verify(
                clientId,
                SigningDomain.REQUEST,
                buffer,
                offset + SIGNATURE_LENGTH,
                lengthBytes - SIGNATURE_LENGTH,
                buffer,
                offset)) {
            replica.counters.increment(PbftCounter.DROPPED_BAD_SIGNATURE);
            return;
        }
        replica.counters.increment(PbftCounter.REQUESTS_ACCEPTED);
        replica.requests.add(requestDigest, clientId, requestNumber, buffer, offset, lengthBytes, replica.nowNs());
        if (replica.log.isWanted(requestDigest)) {
            replica.log.proceedAll();
        }
        replica.proposer.propose();
    }

    /** A request that no slot needs must be new and within its client's budget. */
    private void refuse(
            final int senderId, final int clientId, final long requestNumber, final ClientTable.Status status) {
        switch (status) {
            case STALE -> replica.counters.increment(PbftCounter.DROPPED_STALE_REQUEST);
            case APPLIED -> replica.replies.resend(senderId, clientId, requestNumber);
            default -> replica.counters.increment(PbftCounter.DROPPED_CLIENT_BUDGET);
        }
    }
}
