package io.quorate.engine.delivery;

import io.quorate.engine.decision.CertificateCollector;
import io.quorate.engine.decision.Decision;
import io.quorate.engine.decision.DecisionContext;
import io.quorate.engine.pacing.Allowances;
import io.quorate.transport.auth.Digest;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.agrona.DirectBuffer;

/**
 * Fetches the decisions of rounds that this peer did not compute, because a state that it restored passes over them: the state
 * says how a round ended only by the digest of its decision. Any peer that computed it is asked for the record; what has that
 * digest is right, whoever sent it. And answers the same question of others, so much a peer. Sans-io; called on the consensus
 * thread.
 *
 * <p>What closed up to the highest sequence that this peer has seen is not missed: it was told then. So a restart from the own
 * journal asks for nothing.
 */
public final class MissedDecisions {
    /** Decisions of so many recent rounds are kept for others. */
    static final int KEPT_MAX = 256;

    /** How many rounds are asked about at once. */
    static final int ASKED_MAX = 8;

    /** After so many questions to each other peer nobody is expected to know any more. */
    static final int CIRCLES_MAX = 12;

    private static final int ANSWERS_BURST = 64;
    private static final long ANSWER_INTERVAL_NS = 2_000_000;

    private final DecisionContext context;
    private final int peerCount;
    private final DeliveryPublisher publisher;
    private final Consumer<Decision> onFetched;
    private final Allowances answers;
    private final Map<String, Decision> kept = new LinkedHashMap<>();
    private final Map<String, Missed> missed = new LinkedHashMap<>();

    private long seenSequence;
    private long fetchedCount;
    private long lostCount;

    /** A decision that is wanted. */
    private static final class Missed {
        private final byte[] digest;
        private int askedCount;
        private int askedPeer;
        private long dueNs;
        private long intervalNs;

        Missed(final byte[] digest) {
            this.digest = digest;
        }
    }

    /**
     * @param context concluded settings
     * @param onFetched told each decision that was missed, once
     */
    public MissedDecisions(
            final DecisionContext context, final DeliveryPublisher publisher, final Consumer<Decision> onFetched) {
        this.context = context;
        this.publisher = publisher;
        this.onFetched = onFetched;
        peerCount = context.coordinator().peerCount();
        answers = new Allowances(peerCount, ANSWERS_BURST, ANSWER_INTERVAL_NS);
    }

    /** Goes on where another one stopped, in a group of other peers. */
    public void adopt(final MissedDecisions before) {
        kept.putAll(before.kept);
        seenSequence = Math.max(seenSequence, before.seenSequence);
        lostCount += before.lostCount;
        fetchedCount += before.fetchedCount;
        before.missed.values().forEach(one -> want(one.digest));
    }

    /** Nothing that closed up to this sequence is missed here: an earlier life told it. */
    public void seenUpTo(final long sequence) {
        seenSequence = Math.max(seenSequence, sequence);
    }

    /** This peer computed a decision. */
    public void onDecision(final Decision decision) {
        seenUpTo(decision.sequence());
        keep(decision);
    }

    /** A restored state says that a round closed so; rounds in the order in which they closed, then {@link #seenUpTo}. */
    public void onRoundRecovered(final long sequence, final byte[] decisionDigest) {
        if (sequence > seenSequence) {
            want(decisionDigest.clone());
        }
    }

    /** Another peer asks for a decision by its digest; without it there is no answer. */
    public void onQuery(final int senderId, final byte[] decisionDigest, final long nowNs) {
        if (senderId < 0 || senderId >= peerCount || senderId == context.selfId()) {
            return;
        }
        final Decision decision = kept.get(hex(decisionDigest));
        if (decision != null && answers.take(senderId, nowNs)) {
            publisher.copy(senderId, decision.encode());
        }
    }

    /** What may be the record of a decision that was asked for. */
    public void onCopy(final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        if (missed.values().stream().noneMatch(one -> one.askedCount > 0 && one.askedPeer == senderId)) {
            return;
        }
        final byte[] record = new byte[lengthBytes];
        buffer.getBytes(offset, record);
        final Missed one = missed.remove(hex(Digest.sha256(record)));
        if (one == null) {
            return;
        }
        final Decision decision = Decision.decode(buffer, offset, lengthBytes);
        keep(decision);
        fetchedCount++;
        onFetched.accept(decision);
    }

    /** Asks for what is due, each time another peer; returns how many questions. */
    public int onTick(final long nowNs) {
        if (missed.isEmpty()) {
            return 0;
        }
        int questions = 0;
        int position = 0;
        final Iterator<Missed> rows = missed.values().iterator();
        while (rows.hasNext() && position++ < ASKED_MAX) {
            final Missed one = rows.next();
            if (one.askedCount > 0 && nowNs - one.dueNs < 0) {
                continue;
            }
            if (one.askedCount >= CIRCLES_MAX * (peerCount - 1)) {
                rows.remove();
                lostCount++;
                continue;
            }
            ask(one, nowNs);
            questions++;
        }
        return questions;
    }

    private void ask(final Missed one, final long nowNs) {
        one.askedPeer = (context.selfId() + 1 + one.askedCount % (peerCount - 1)) % peerCount;
        one.askedCount++;
        one.intervalNs = one.intervalNs == 0
                ? context.queryIntervalNs()
                : Math.min(2 * one.intervalNs, context.queryIntervalMaxNs());
        one.dueNs = nowNs + one.intervalNs;
        publisher.query(one.askedPeer, one.digest);
    }

    /** Decisions that came from others. */
    public long fetchedCount() {
        return fetchedCount;
    }

    /** Decisions that no peer had any more, or too many at once. */
    public long lostCount() {
        return lostCount;
    }

    public int missedCount() {
        return missed.size();
    }

    private void want(final byte[] decisionDigest) {
        missed.put(hex(decisionDigest), new Missed(decisionDigest));
        if (missed.size() > CertificateCollector.RECOVERED_ROUNDS_MAX) {
            missed.remove(missed.keySet().iterator().next());
            lostCount++;
        }
    }

    private void keep(final Decision decision) {
        kept.put(hex(decision.digest()), decision);
        if (kept.size() > KEPT_MAX) {
            kept.remove(kept.keySet().iterator().next());
        }
    }

    private static String hex(final byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
