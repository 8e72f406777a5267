package io.quorate.engine.pbft;

import static io.quorate.engine.ordering.Request.BODY_OFFSET;
import static io.quorate.engine.ordering.Request.SIGNATURE_LENGTH;

import io.quorate.engine.metrics.PbftCounter;
import io.quorate.engine.ordering.Batch;
import io.quorate.engine.ordering.ClientTable;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.ordering.Request;
import io.quorate.engine.pacing.Allowances;
import io.quorate.engine.verification.VerifyRing;
import io.quorate.transport.Authenticator;
import io.quorate.transport.auth.SigningDomain;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Which requests a replica takes in: those that a slot needs, and new ones within their client's window and budget, once it is
 * certain that they are their client's (docs/protocols/pbft.md, sections 2 and 2.1; MIT-LCS-TR-817, 3.2.2).
 */
final class Admission {
    private static final int TAG_LENGTH = Authenticator.TAG_LENGTH;
    private static final int TAIL_HEADER_LENGTH = Integer.BYTES;

    private final PbftReplica replica;
    private final Authenticator authenticator;
    private final Digest256 requestDigest = new Digest256();
    private final Digest256 scratch = new Digest256();
    private final UnsafeBuffer digestBytes = new UnsafeBuffer(new byte[Digest256.LENGTH]);
    private final UnsafeBuffer tagged;

    /** Requests that a peer may have looked for in vain. */
    private final Allowances searches;

    /** Views that may end over a client's requests without signature. */
    private final Allowances stalls;

    /** Where signatures are checked out of turn; null: at once. */
    private VerifyRing signatures;

    private final VerifyRing.Handler onChecked = this::onChecked;

    /** The request in hand comes from there, and its signature holds. */
    private boolean isVerified;

    /** Clients, as bits, whose requests slots needed and whose tags did not hold, since the last step forward. */
    private long refusedClients;

    Admission(final PbftReplica replica) {
        this.replica = replica;
        final PbftContext context = replica.context;
        authenticator = context.authenticator();
        tagged = new UnsafeBuffer(
                new byte
                        [authenticator == null
                                ? 0
                                : BODY_OFFSET
                                        + context.requestLengthMax()
                                        + TAIL_HEADER_LENGTH
                                        + context.tagsLength()]);
        searches = new Allowances(context.peerCount(), context.uselessChecksMax(), context.uselessCheckNs());
        stalls = new Allowances(context.peerCount(), context.stalledTagsMax(), context.stalledTagsNs());
    }

    void verifyWith(final VerifyRing ring) {
        signatures = ring;
    }

    /** Takes back the requests whose signatures have been checked out of turn. */
    int takeChecked() {
        return signatures == null ? 0 : signatures.turn(onChecked);
    }

    /**
     * A request comes back; meanwhile it may have become known, stale or wanted. A forgery costs its sender whatever has become of what
     * it imitates: the check was made.
     */
    private void onChecked(
            final int senderId,
            final int clientId,
            final long requestNumber,
            final DirectBuffer buffer,
            final int offset,
            final int lengthBytes,
            final boolean holds) {
        replica.at(senderId, replica.nowNs());
        if (!holds) {
            replica.verifier.charge();
            replica.counters.increment(PbftCounter.DROPPED_BAD_SIGNATURE);
            return;
        }
        isVerified = true;
        onRequest(senderId, clientId, requestNumber, buffer, offset, lengthBytes);
        isVerified = false;
    }

    /** A client's signed request: from the client, passed on, or fetched. Statement: see {@link Request}. */
    void onRequest(
            final int senderId,
            final int clientId,
            final long requestNumber,
            final DirectBuffer buffer,
            final int offset,
            final int lengthBytes) {
        if (!isAllowed(clientId, lengthBytes - BODY_OFFSET)) {
            return;
        }
        Request.digestOf(replica.sha256, buffer, offset, lengthBytes, digestBytes, requestDigest);
        final Request held = replica.requests.get(requestDigest);
        if (held != null) {
            onRepeated(held, senderId, clientId, requestNumber, buffer, offset, lengthBytes);
            return;
        }
        final ClientTable.Status status = replica.clients.status(clientId, requestNumber);
        final boolean isWelcome = status == ClientTable.Status.FRESH && replica.requests.hasRoom(clientId, lengthBytes);
        if (!isWelcome && !isWanted(senderId, requestDigest)) {
            refuse(senderId, clientId, requestNumber, status);
        } else if (isCheckedLater(senderId, clientId, requestNumber, buffer, offset, lengthBytes)) {
            return;
        } else if (!isSigned(clientId, buffer, offset, lengthBytes)) {
            replica.counters.increment(PbftCounter.DROPPED_BAD_SIGNATURE);
        } else {
            take(clientId, requestNumber, buffer, offset, lengthBytes);
        }
    }

    /** What is here already; the signature of a request that has only tags so far lets others be told of it, and time it. */
    private void onRepeated(
            final Request held,
            final int senderId,
            final int clientId,
            final long requestNumber,
            final DirectBuffer buffer,
            final int offset,
            final int lengthBytes) {
        if (!held.isSigned() && isCheckedLater(senderId, clientId, requestNumber, buffer, offset, lengthBytes)) {
            return;
        }
        if (!held.isSigned() && isSigned(clientId, buffer, offset, lengthBytes)) {
            held.sign(buffer, offset);
            replica.counters.increment(PbftCounter.REQUESTS_SIGNED_LATER);
            replica.proposer.propose();
        } else {
            replica.counters.increment(PbftCounter.DROPPED_DUPLICATE);
        }
        replica.replies.resend(senderId, clientId, requestNumber);
    }

    /**
     * A client's request with one tag a replica. From the client itself the frame that it came in vouches for it; from anybody else this
     * replica's tag must hold. If it does not, the client or who passed it on lies, and the request is taken only if others vouch for
     * its digest.
     *
     * @param offset of the statement without its signature
     * @param contentLength up to the end of the body; the tags' length and the tags follow
     */
    void onTaggedRequest(
            final int senderId,
            final int clientId,
            final long requestNumber,
            final DirectBuffer buffer,
            final int offset,
            final int contentLength) {
        final int statementLength =
                SIGNATURE_LENGTH + contentLength + TAIL_HEADER_LENGTH + replica.context.tagsLength();
        if (!isAllowed(clientId, SIGNATURE_LENGTH + contentLength - BODY_OFFSET)) {
            return;
        }
        if (authenticator == null) {
            replica.counters.increment(PbftCounter.DROPPED_BAD_TAG);
            return;
        }
        final int statementOffset = offset - SIGNATURE_LENGTH;
        Request.digestOf(
                replica.sha256, buffer, statementOffset, SIGNATURE_LENGTH + contentLength, digestBytes, requestDigest);
        if (replica.requests.get(requestDigest) != null) {
            replica.counters.increment(PbftCounter.DROPPED_DUPLICATE);
            replica.replies.resend(senderId, clientId, requestNumber);
            return;
        }
        final ClientTable.Status status = replica.clients.status(clientId, requestNumber);
        final boolean isWelcome = status == ClientTable.Status.FRESH
                && replica.requests.hasRoom(clientId, statementLength)
                && stalls.has(clientId, replica.nowNs());
        if (!isWelcome && !isWanted(senderId, requestDigest)) {
            refuse(senderId, clientId, requestNumber, status);
            return;
        }
        final int tagAt = offset + contentLength + TAIL_HEADER_LENGTH + replica.selfId * TAG_LENGTH;
        if (senderId != clientId && !isTagged(clientId, buffer, tagAt) && !isVouchedFor(requestDigest)) {
            refusedClients |= 1L << clientId;
            replica.counters.increment(PbftCounter.DROPPED_BAD_TAG);
            return;
        }
        tagged.putBytes(SIGNATURE_LENGTH, buffer, offset, statementLength - SIGNATURE_LENGTH);
        take(clientId, requestNumber, tagged, 0, statementLength);
    }

    private boolean isAllowed(final int clientId, final int bodyLength) {
        if (clientId >= replica.context.peerCount()) {
            replica.counters.increment(PbftCounter.DROPPED_UNKNOWN_PEER);
            return false;
        }
        if (bodyLength < 0 || bodyLength > replica.context.requestLengthMax()) {
            replica.counters.increment(PbftCounter.DROPPED_REQUEST_LENGTH);
            return false;
        }
        return true;
    }

    /** A sender that has nothing left for useless checks gets none here either. */
    private boolean isCheckedLater(
            final int senderId,
            final int clientId,
            final long requestNumber,
            final DirectBuffer buffer,
            final int offset,
            final int lengthBytes) {
        final boolean isTaken = signatures != null
                && !isVerified
                && replica.verifier.mayCheck()
                && signatures.offer(senderId, clientId, requestNumber, buffer, offset, lengthBytes);
        if (isTaken) {
            replica.counters.increment(PbftCounter.CHECKED_LATER);
        }
        return isTaken;
    }

    private boolean isSigned(final int clientId, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        return isVerified
                || replica.verifier.verify(
                        clientId,
                        SigningDomain.REQUEST,
                        buffer,
                        offset + SIGNATURE_LENGTH,
                        lengthBytes - SIGNATURE_LENGTH,
                        buffer,
                        offset);
    }

    /** True if the tag for this replica is the client's, over the digest in hand. */
    private boolean isTagged(final int clientId, final DirectBuffer tags, final int tagAt) {
        return authenticator.matches(clientId, digestBytes, 0, Digest256.LENGTH, tags, tagAt);
    }

    private void take(
            final int clientId,
            final long requestNumber,
            final DirectBuffer statement,
            final int offset,
            final int lengthBytes) {
        replica.counters.increment(PbftCounter.REQUESTS_ACCEPTED);
        replica.requests.add(requestDigest, clientId, requestNumber, statement, offset, lengthBytes, replica.nowNs());
        if (isWanted(requestDigest)) {
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

    /** Something was executed: what was refused before did not hold it up. */
    void onProgress() {
        refusedClients = 0;
    }

    /**
     * The primary is about to be left. If the next slot waits for a prepare quorum that did not come, requests without signature may be
     * why: whoever has one there must sign once its budget of such views is used up.
     */
    void onStall() {
        if (authenticator == null || !replica.log.isInWindow(replica.log.committedSequence() + 1)) {
            return;
        }
        final LogSlot slot = replica.log.slot(replica.log.committedSequence() + 1);
        if (!slot.isAccepted || slot.isPrepared || !slot.hasStatement || slot.batch == null) {
            return;
        }
        long clients = refusedClients;
        for (int i = 0; i < slot.batch.count(); i++) {
            final Request request = slot.batch.request(i);
            clients |= request == null || request.isSigned() ? 0 : 1L << request.clientId();
        }
        refusedClients = 0;
        for (int clientId = 0; clientId < replica.context.peerCount(); clientId++) {
            if ((clients >>> clientId & 1) != 0 && stalls.take(clientId, replica.nowNs())) {
                replica.counters.increment(PbftCounter.STALLED_TAGS);
            }
        }
    }

    /** Clients, as bits, over whose unsigned requests too many views have ended: only signed ones are proposed. */
    long signingClients() {
        long clients = 0;
        for (int clientId = 0; authenticator != null && clientId < replica.context.peerCount(); clientId++) {
            clients |= stalls.has(clientId, replica.nowNs()) ? 0 : 1L << clientId;
        }
        return clients;
    }

    /**
     * True if a correct peer has found a request to be its client's: it committed, a new view chose it (so f+1 claim to have voted for it),
     * or f+1 peers vote for a batch with it in this view, the primary by its pre-prepare.
     */
    private boolean isVouchedFor(final Digest256 digest) {
        final LogSlot.Lacking lacking = replica.log.lacking;
        for (LogSlot slot = lacking.next(0); slot != null; slot = lacking.after(slot)) {
            if (lacks(slot.committedBatch, digest)
                    || lacks(slot.wantedBatch, digest)
                    || (lacks(slot.batch, digest) && hasVouchers(slot))) {
                return true;
            }
        }
        return false;
    }

    private boolean hasVouchers(final LogSlot slot) {
        final int primaryId = replica.primaryId(replica.view());
        final int voters = 1 + slot.prepares.matching(replica.view(), slot.digest, primaryId);
        return !slot.hasStatement || voters >= replica.quorum.oneCorrect();
    }

    /**
     * As {@link #isWanted(Digest256)}, for a request that would be refused otherwise. Looking is dear while slots lack bodies, and
     * whoever likes can send such requests without end: what nobody needs is on the sender's account.
     */
    private boolean isWanted(final int senderId, final Digest256 digest) {
        if (!lacksBodies()) {
            return false;
        }
        if (senderId != replica.selfId && !searches.has(senderId, replica.nowNs())) {
            replica.counters.increment(PbftCounter.DROPPED_SEARCH_BUDGET);
            return false;
        }
        final boolean isWanted = isWanted(digest);
        if (!isWanted && senderId != replica.selfId) {
            searches.take(senderId, replica.nowNs());
        }
        return isWanted;
    }

    private boolean lacksBodies() {
        return replica.log.lacking.next(0) != null;
    }

    /** True if a slot needs this request's body: it then has room whatever its client's budget says. */
    private boolean isWanted(final Digest256 digest) {
        final LogSlot.Lacking lacking = replica.log.lacking;
        for (LogSlot slot = lacking.next(0); slot != null; slot = lacking.after(slot)) {
            if ((lacks(slot.batch, digest) && !replica.log.isOversized(slot))
                    || lacks(slot.committedBatch, digest)
                    || lacks(slot.wantedBatch, digest)) {
                return true;
            }
        }
        return false;
    }

    private boolean lacks(final Batch batch, final Digest256 digest) {
        return batch != null && batch.lacks(digest, scratch);
    }
}
