package io.quorate.engine.pbft;

import static io.quorate.transport.auth.Signer.SIGNATURE_LENGTH;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.quorate.engine.metrics.Counters;
import io.quorate.engine.metrics.PbftCounter;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.ordering.Ordering;
import io.quorate.engine.ordering.ReplyHandler;
import io.quorate.engine.ordering.Request;
import io.quorate.engine.ordering.StateMachine;
import io.quorate.transport.Authenticator;
import io.quorate.transport.auth.Digest;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.SigningDomain;
import java.util.Arrays;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The client's side of pBFT (OSDI 1999, 4.1): puts a tag for each replica on a request, or signs it, sends it to every replica, sends it again while no answer
 * comes, and believes what f+1 replicas answer alike for good, or q replicas, some of them tentatively in one view
 * (MIT-LCS-TR-817, 5.1.2). Replies of a replica without a vote are not counted. One thread, the consensus thread.
 */
public final class PbftClient implements Ordering {
    /** One request that waits for its replies. */
    private static final class Outstanding {
        final UnsafeBuffer statement;
        final UnsafeBuffer replies;
        final int[] replyLengths;
        final long[] replySequences;

        /** View of a tentative reply; {@link #FINAL_VIEW} of a final one. */
        final long[] replyViews;

        long requestNumber;
        int statementLength;
        long sendAtNs;
        long sendPauseNs;
        boolean isHastened;
        long beganAtNs;

        /** False while only the primary was sent it; it passes the request on with its pre-prepare. */
        boolean isSpread;

        /** False while it has tags in place of a signature. */
        boolean isSigned;

        Outstanding(final int peerCount, final int statementLengthMax) {
            statement = new UnsafeBuffer(new byte[statementLengthMax]);
            replies = new UnsafeBuffer(new byte[peerCount * StateMachine.REPLY_LENGTH_MAX]);
            replyLengths = new int[peerCount];
            replySequences = new long[peerCount];
            replyViews = new long[peerCount];
        }

        boolean isEqual(final int a, final int b) {
            if (replyLengths[a] != replyLengths[b]
                    || replyLengths[a] == NO_REPLY
                    || replySequences[a] != replySequences[b]) {
                return false;
            }
            final int atA = a * StateMachine.REPLY_LENGTH_MAX;
            final int atB = b * StateMachine.REPLY_LENGTH_MAX;
            final byte[] bytes = replies.byteArray();
            return Arrays.equals(bytes, atA, atA + replyLengths[a], bytes, atB, atB + replyLengths[b]);
        }

        /** Equal final replies, and, if a view is given, equal tentative ones of that view. */
        int count(final int replicaId, final long view) {
            int count = 0;
            for (int other = 0; other < replyLengths.length; other++) {
                final boolean isCounted = replyViews[other] == FINAL_VIEW || replyViews[other] == view;
                count += isCounted && isEqual(replicaId, other) ? 1 : 0;
            }
            return count;
        }
    }

    private static final int TAIL_HEADER_LENGTH = Integer.BYTES;
    private static final int NO_REPLY = -1;
    private static final int LATENCY_SAMPLES = 8;
    private static final long LATENCY_MARGIN_NS = 1_000_000;
    private static final long FINAL_VIEW = -1;

    private final PbftContext context;
    private final PbftPublisher publisher;
    private final Signer signer;
    private final PbftReplica localReplica;
    private final ReplyHandler handler;
    private final Counters<PbftCounter> counters;
    private final Outstanding[] window;
    private final Authenticator authenticator;
    private final Digest sha256 = new Digest();
    private final Digest256 digest = new Digest256();
    private final UnsafeBuffer digestBytes = new UnsafeBuffer(new byte[Digest256.LENGTH]);
    private long tagsAgainNs = PbftContext.LONG_AGO_NS;

    /** When a request was last signed late. */
    private long lateNs = PbftContext.LONG_AGO_NS;

    private long nextNumber;
    private long lowestNumber;

    /** No request is to be sent again before. */
    private long dueNs = PbftContext.LONG_AGO_NS;

    /** Smoothed, from the sending of a request until its reply is believed. */
    private long latencyNs;

    /**
     * @param context concluded
     * @param localReplica of the same peer; gets requests and gives replies by direct calls
     */
    public PbftClient(
            final PbftContext context,
            final PbftPublisher publisher,
            final Signer signer,
            final PbftReplica localReplica,
            final ReplyHandler handler) {
        this.context = context;
        this.publisher = publisher;
        this.signer = signer;
        this.localReplica = localReplica;
        this.handler = handler;
        counters = localReplica.counters();
        authenticator = context.authenticator();
        window = new Outstanding[context.clientWindow()];
        nextNumber = context.firstRequestNumber();
        lowestNumber = nextNumber;
        latencyNs = context.retransmitNs() / 2;
        localReplica.replies.localClient(this);
    }

    @Override
    public long submit(final DirectBuffer request, final int offset, final int lengthBytes, final long nowNs) {
        if (lengthBytes < 0 || lengthBytes > context.requestLengthMax()) {
            throw new IllegalArgumentException(
                    "a request has at most " + context.requestLengthMax() + " bytes, given " + lengthBytes);
        }
        if (nextNumber - lowestNumber >= window.length) {
            return REFUSED;
        }
        final long requestNumber = nextNumber++;
        send(requestNumber, request, offset, lengthBytes, nowNs);
        return requestNumber;
    }

    /**
     * Goes on where this peer's client in the epoch before ended: what waits there is signed anew under its old number. It ran at
     * most once: if it ran before, its reply is in the state that this epoch began with. Before anything else is submitted.
     */
    public void adopt(final PbftClient before, final long nowNs) {
        if (nextNumber > context.firstRequestNumber() || before.window.length != window.length) {
            throw new IllegalStateException("a client goes on from another of the same window, at first");
        }
        lowestNumber = before.lowestNumber;
        nextNumber = before.nextNumber;
        for (long number = lowestNumber; number < nextNumber; number++) {
            if (before.isOutstanding(number)) {
                final Outstanding entry = before.window[before.cell(number)];
                final int length = Request.contentEnd(entry.statement, 0) - Request.BODY_OFFSET;
                send(number, entry.statement, Request.BODY_OFFSET, length, nowNs);
                // The links of the epoch may not be open yet.
                hasten(window[cell(number)], nowNs);
            }
        }
    }

    private void send(
            final long requestNumber,
            final DirectBuffer request,
            final int offset,
            final int lengthBytes,
            final long nowNs) {
        final Outstanding entry =
                entry(requestNumber, Request.BODY_OFFSET + lengthBytes + TAIL_HEADER_LENGTH + context.tagsLength());
        entry.requestNumber = requestNumber;
        entry.statementLength =
                publisher.encodeRequest(entry.statement, context.selfId(), requestNumber, request, offset, lengthBytes);
        entry.beganAtNs = nowNs;
        entry.isSpread = true;
        entry.sendPauseNs = context.retransmitMaxNs();
        if (authenticator == null || nowNs - tagsAgainNs < 0) {
            sign(entry);
        } else {
            tag(entry);
            entry.isSpread = entry.statementLength > context.relayLengthMax();
            entry.sendPauseNs = entry.isSpread ? signPauseNs() : spreadPauseNs();
        }
        entry.isHastened = false;
        sendAt(entry, nowNs + entry.sendPauseNs);
        send(entry, nowNs);
    }

    /** When a request is sent again, if it is not answered. */
    private void sendAt(final Outstanding entry, final long atNs) {
        entry.sendAtNs = atNs;
        dueNs = dueNs - atNs < 0 ? dueNs : atNs;
    }

    /** How long only the primary knows of a request; who waits long for every one must not take that for usual. */
    private long spreadPauseNs() {
        final long pauseNs = Math.min(signPauseNs(), 2 * latencyNs + LATENCY_MARGIN_NS);
        return context.patienceNs() == 0 ? pauseNs : Math.min(pauseNs, context.patienceNs());
    }

    /** How long a request with tags may stay unanswered before it is signed. */
    private long signPauseNs() {
        return Math.min(context.retransmitMaxNs(), context.viewChangeTimeoutNs() / 2);
    }

    private void sign(final Outstanding entry) {
        entry.isSigned = true;
        signer.sign(
                SigningDomain.REQUEST,
                entry.statement,
                SIGNATURE_LENGTH,
                entry.statementLength - SIGNATURE_LENGTH,
                entry.statement,
                0);
    }

    /** Writes one tag for each replica behind the body. */
    private void tag(final Outstanding entry) {
        entry.isSigned = false;
        Request.digestOf(sha256, entry.statement, 0, entry.statementLength, digestBytes, digest);
        entry.statement.putInt(entry.statementLength, context.tagsLength(), LITTLE_ENDIAN);
        entry.statementLength += TAIL_HEADER_LENGTH;
        for (int replicaId = 0; replicaId < context.peerCount(); replicaId++) {
            authenticator.tag(replicaId, digestBytes, 0, Digest256.LENGTH, entry.statement, entry.statementLength);
            entry.statementLength += Authenticator.TAG_LENGTH;
        }
    }

    /**
     * A request whose tags did not bring an answer in time is signed, so that every replica can check it and may leave a primary over
     * it. If that happens again soon, to a request that was sent since, what comes next is signed at once, for a while: some replica may
     * not take this client's tags. Once alone may be a pause of this process or of the network.
     */
    private void signLate(final Outstanding entry, final long nowNs) {
        if (entry.beganAtNs - lateNs > 0) {
            if (nowNs - lateNs < context.viewChangeTimeoutNs()) {
                tagsAgainNs = nowNs + context.viewChangeTimeoutNs();
            }
            lateNs = nowNs;
        }
        entry.statementLength = Request.contentEnd(entry.statement, 0);
        sign(entry);
    }

    /** Requests that wait for their replies. */
    public int outstandingCount() {
        int count = 0;
        for (long number = lowestNumber; number < nextNumber; number++) {
            count += isOutstanding(number) ? 1 : 0;
        }
        return count;
    }

    /** Sends unanswered requests again, with growing pauses. */
    public void onTick(final long nowNs) {
        if (lowestNumber == nextNumber || nowNs - dueNs < 0) {
            return;
        }
        dueNs = nowNs + context.viewChangeTimeoutMaxNs();
        for (long number = lowestNumber; number < nextNumber; number++) {
            final Outstanding entry = window[cell(number)];
            if (!isOutstanding(number)) {
                continue;
            }
            if (nowNs - entry.sendAtNs < 0) {
                sendAt(entry, entry.sendAtNs);
            } else {
                counters.increment(PbftCounter.RETRANSMISSIONS);
                if (!entry.isSpread) {
                    entry.isSpread = true;
                    entry.sendPauseNs = signPauseNs();
                } else {
                    entry.sendPauseNs = Math.min(2 * entry.sendPauseNs, context.viewChangeTimeoutMaxNs());
                    if (!entry.isSigned) {
                        signLate(entry, nowNs);
                    }
                }
                sendAt(entry, nowNs + entry.sendPauseNs);
                send(entry, nowNs);
            }
        }
    }

    /** A replica's answer. */
    void onReply(
            final int replicaId,
            final int standing,
            final long view,
            final long requestNumber,
            final long sequence,
            final DirectBuffer reply,
            final int offset,
            final int lengthBytes,
            final long nowNs) {
        if (!isOutstanding(requestNumber)
                || lengthBytes > StateMachine.REPLY_LENGTH_MAX
                || view < 0
                || (standing != Replies.FINAL && standing != Replies.TENTATIVE)) {
            counters.increment(PbftCounter.DROPPED_UNWANTED);
            return;
        }
        final Outstanding entry = window[cell(requestNumber)];
        if (standing == Replies.TENTATIVE) {
            if (entry.replyLengths[replicaId] != NO_REPLY && entry.replyViews[replicaId] == FINAL_VIEW) {
                counters.increment(PbftCounter.DROPPED_DUPLICATE);
                return;
            }
            // The others' replies are due. What is missing then will be final when it is asked for.
            hasten(entry, nowNs);
        }
        entry.replies.putBytes(replicaId * StateMachine.REPLY_LENGTH_MAX, reply, offset, lengthBytes);
        entry.replyLengths[replicaId] = lengthBytes;
        entry.replySequences[replicaId] = sequence;
        entry.replyViews[replicaId] = standing == Replies.FINAL ? FINAL_VIEW : view;
        if (isBelieved(entry, replicaId)) {
            entry.requestNumber = 0;
            latencyNs += (nowNs - entry.beganAtNs - latencyNs) / LATENCY_SAMPLES;
            while (lowestNumber < nextNumber && !isOutstanding(lowestNumber)) {
                lowestNumber++;
            }
            handler.onReply(requestNumber, reply, offset, lengthBytes);
        }
    }

    private void hasten(final Outstanding entry, final long nowNs) {
        if (!entry.isHastened) {
            entry.isHastened = true;
            entry.sendPauseNs = context.retransmitNs();
            sendAt(entry, nowNs + entry.sendPauseNs);
        }
    }

    /** Whether the reply that a replica just gave is now given by enough. */
    private boolean isBelieved(final Outstanding entry, final int replicaId) {
        final int quorum = context.quorum().quorum();
        final long view = entry.replyViews[replicaId];
        if (view != FINAL_VIEW) {
            return entry.count(replicaId, view) >= quorum;
        }
        // A read asks q replicas: each such set must hold a correct one that has executed what was answered.
        if (entry.count(replicaId, FINAL_VIEW)
                >= (context.isReading() ? quorum : context.quorum().oneCorrect())) {
            return true;
        }
        for (final long tentativeView : entry.replyViews) {
            if (tentativeView != FINAL_VIEW && entry.count(replicaId, tentativeView) >= quorum) {
                return true;
            }
        }
        return false;
    }

    private void send(final Outstanding entry, final long nowNs) {
        final int selfId = context.selfId();
        final int primaryId = localReplica.primaryId();
        if (entry.isSpread) {
            publisher.request(PbftPublisher.EVERYONE, entry.isSigned, entry.statement, entry.statementLength);
        } else if (primaryId != selfId) {
            publisher.request(primaryId, entry.isSigned, entry.statement, entry.statementLength);
        }
        localReplica.at(selfId, nowNs);
        if (entry.isSigned) {
            localReplica.admission.onRequest(
                    selfId, selfId, entry.requestNumber, entry.statement, 0, entry.statementLength);
        } else {
            localReplica.admission.onTaggedRequest(
                    selfId,
                    selfId,
                    entry.requestNumber,
                    entry.statement,
                    SIGNATURE_LENGTH,
                    Request.contentEnd(entry.statement, 0) - SIGNATURE_LENGTH);
        }
    }

    private Outstanding entry(final long requestNumber, final int statementLength) {
        final int cell = cell(requestNumber);
        if (window[cell] == null || window[cell].statement.capacity() < statementLength) {
            window[cell] = new Outstanding(context.peerCount(), Math.max(512, statementLength));
        }
        Arrays.fill(window[cell].replyLengths, NO_REPLY);
        return window[cell];
    }

    private boolean isOutstanding(final long requestNumber) {
        // A number that another client of this peer used up, in the epoch before, has no entry here.
        return requestNumber >= lowestNumber
                && requestNumber < nextNumber
                && window[cell(requestNumber)] != null
                && window[cell(requestNumber)].requestNumber == requestNumber;
    }

    private int cell(final long requestNumber) {
        return (int) (requestNumber % window.length);
    }
}
