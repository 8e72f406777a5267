package io.quorate.engine.decision;

import io.quorate.engine.quorum.Quorum;
import io.quorate.transport.auth.Digest;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.SigningDomain;
import io.quorate.transport.auth.Verifier;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.agrona.DirectBuffer;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Gathers the signed results of rounds: says this peer's own once to everybody, takes the others', and makes a certificate of
 * f + 1 equal ones. Lost votes are asked for again, with growing pauses. Sans-io; called on the consensus thread.
 *
 * <p>A certificate needs no result of our own: f + 1 equal votes hold one of a correct peer. So a peer that restored a snapshot
 * gets the certificates of rounds that it did not compute. Signatures are checked when the count is complete, so a liar
 * cannot make this peer check more than one signature for each of its votes.
 */
public final class CertificateCollector {
    /** How many of the rounds that a snapshot brings are asked about; older certificates can still come by themselves. */
    public static final int RECOVERED_ROUNDS_MAX = 64;

    /** How many rounds are asked about in one tick. */
    private static final int QUERIES_PER_TICK_MAX = 16;

    private final DecisionContext context;
    private final Quorum quorum;
    private final Signer signer;
    private final Verifier verifier;
    private final DecisionPublisher publisher;
    private final Listener listener;
    private final ResultVotes votes;
    private final Map<String, Certificate> certificates = new LinkedHashMap<>();
    private final Map<String, Wanted> wanted = new LinkedHashMap<>();
    private final Digest sha256 = new Digest();
    private final ExpandableArrayBuffer statement = new ExpandableArrayBuffer(Certificate.STATEMENT_LENGTH);
    private final UnsafeBuffer scratchSignature = new UnsafeBuffer(new byte[Signer.SIGNATURE_LENGTH]);
    private final List<String> queried = new ArrayList<>();

    /** No wanted round is due before; saves the search in most ticks. */
    private long earliestDueNs;

    private long forgedCount;
    private long staleCount;
    private long conflictCount;

    /** Learns what came together; called on the consensus thread. */
    public interface Listener {
        /** f + 1 peers signed the same result; once a round. It may come before this peer's own result. */
        void onCertificate(Certificate certificate);

        /**
         * A peer signed two results of one round. Both signatures are good, so this proves that it lies.
         *
         * @param firstDigest in hex
         * @param secondDigest in hex
         */
        void onConflictingVotes(int peerId, String round, long sequence, String firstDigest, String secondDigest);

        /** f + 1 peers signed another result than this peer computed: this peer's state is broken, and it should stop. */
        void onDiverged(Certificate certificate);
    }

    /** A round whose certificate is missing. */
    private static final class Wanted {
        private final boolean isRecovered;
        private long dueNs;
        private long intervalNs;

        Wanted(final boolean isRecovered, final long dueNs, final long intervalNs) {
            this.isRecovered = isRecovered;
            this.dueNs = dueNs;
            this.intervalNs = intervalNs;
        }
    }

    /** @param context concluded settings */
    public CertificateCollector(
            final DecisionContext context,
            final Signer signer,
            final Verifier verifier,
            final DecisionPublisher publisher,
            final Listener listener) {
        context.requireConcluded();
        this.context = context;
        this.quorum = context.coordinator().quorum();
        this.signer = signer;
        this.verifier = verifier;
        this.publisher = publisher;
        this.listener = listener;
        this.votes = new ResultVotes(quorum.peerCount(), context.certificateRoundsMax());
    }

    /** This peer computed the decision of a round: sign it, tell everybody, and want the certificate. */
    public void onRoundClosed(final String round, final long sequence, final byte[] digest, final long nowNs) {
        final ResultVotes.Vote own = own(round, sequence, digest);
        if (own == null) {
            return;
        }
        sign(round, own);
        for (int peerId = 0; peerId < quorum.peerCount(); peerId++) {
            if (peerId != context.selfId()) {
                publisher.resultVote(peerId, round, context.epoch(), sequence, own.digest, own.signature);
            }
        }
        want(round, false, nowNs);
        certify(round, sequence, own.digest);
    }

    /** A snapshot that q peers vouch for says how a round closed; this peer signs it too when it is asked. */
    public void onRoundRecovered(final String round, final long sequence, final byte[] digest, final long nowNs) {
        final ResultVotes.Vote own = own(round, sequence, digest);
        if (own == null) {
            return;
        }
        want(round, true, nowNs);
        certify(round, sequence, own.digest);
    }

    /** Another peer's vote; {@code senderId} is authenticated, the signature is not checked yet. */
    public void onResultVote(
            final int senderId,
            final String round,
            final long epoch,
            final long sequence,
            final DirectBuffer digest,
            final DirectBuffer signature,
            final long nowNs) {
        if (senderId < 0 || senderId >= quorum.peerCount() || senderId == context.selfId()) {
            forgedCount++;
            return;
        }
        if (epoch != context.epoch()) {
            staleCount++;
            return;
        }
        final ResultVotes.Vote known = votes.vote(senderId, round);
        if (known != null && known.says(sequence, digest)) {
            return;
        }
        if (known != null && sequence < known.sequence) {
            staleCount++;
            return;
        }
        if (known != null && sequence == known.sequence) {
            contradict(senderId, round, known, digest, signature);
            return;
        }
        final ResultVotes.Vote vote = new ResultVotes.Vote(sequence, digest);
        vote.sign(signature);
        votes.put(senderId, round, vote);
        certify(round, sequence, vote.digest);
    }

    /** Another peer asks for this peer's vote; without a result there is no answer. */
    public void onResultQuery(final int senderId, final String round) {
        if (senderId < 0 || senderId >= quorum.peerCount() || senderId == context.selfId()) {
            return;
        }
        final ResultVotes.Vote own = votes.vote(context.selfId(), round);
        if (own != null) {
            sign(round, own);
            publisher.resultVote(senderId, round, context.epoch(), own.sequence, own.digest, own.signature);
        }
    }

    /** Asks for the votes that are missing; returns how many rounds it asked about. */
    public int onTick(final long nowNs) {
        if (wanted.isEmpty() || nowNs - earliestDueNs < 0) {
            return 0;
        }
        queried.clear();
        earliestDueNs = nowNs + context.queryIntervalMaxNs();
        for (final Map.Entry<String, Wanted> entry : wanted.entrySet()) {
            final Wanted want = entry.getValue();
            if (nowNs - want.dueNs >= 0 && queried.size() < QUERIES_PER_TICK_MAX) {
                want.intervalNs = Math.min(2 * want.intervalNs, context.queryIntervalMaxNs());
                want.dueNs = nowNs + want.intervalNs;
                queried.add(entry.getKey());
            }
            dueBy(want.dueNs);
        }
        for (final String round : queried) {
            query(round);
        }
        return queried.size();
    }

    /** The certificate of a recent round, or null. */
    public Certificate certificate(final String round) {
        return certificates.get(round);
    }

    /** Rounds whose certificate is missing. */
    public int wantedCount() {
        return wanted.size();
    }

    /** Votes with a bad signature or sender. */
    public long forgedCount() {
        return forgedCount;
    }

    /** Votes of another epoch or of an earlier round with the same name. */
    public long staleCount() {
        return staleCount;
    }

    /** Peers caught signing two results of one round. */
    public long conflictCount() {
        return conflictCount;
    }

    private ResultVotes.Vote own(final String round, final long sequence, final byte[] digest) {
        final UnsafeBuffer digestBuffer = new UnsafeBuffer(digest, 0, Digest.LENGTH);
        final ResultVotes.Vote known = votes.vote(context.selfId(), round);
        if (known != null && sequence <= known.sequence) {
            return null;
        }
        final ResultVotes.Vote own = new ResultVotes.Vote(sequence, digestBuffer);
        own.isVerified = true;
        votes.put(context.selfId(), round, own);
        final Certificate before = certificates.get(round);
        if (before == null || before.sequence() < sequence) {
            return own;
        }
        if (before.sequence() == sequence && !before.digest().equals(hex(own.digest))) {
            listener.onDiverged(before);
        }
        return own;
    }

    private void want(final String round, final boolean isRecovered, final long nowNs) {
        final Certificate known = certificates.get(round);
        final ResultVotes.Vote own = votes.vote(context.selfId(), round);
        if (known != null && known.sequence() >= own.sequence) {
            return;
        }
        wanted.remove(round);
        final Wanted want = new Wanted(isRecovered, nowNs + context.queryIntervalNs(), context.queryIntervalNs());
        if (wanted.isEmpty()) {
            earliestDueNs = want.dueNs;
        }
        dueBy(want.dueNs);
        wanted.put(round, want);
        if (isRecovered
                && wanted.values().stream().filter(one -> one.isRecovered).count() > RECOVERED_ROUNDS_MAX) {
            removeOldestRecovered();
        }
        if (wanted.size() > context.certificateRoundsMax()) {
            wanted.remove(wanted.keySet().iterator().next());
        }
    }

    private void dueBy(final long dueNs) {
        if (dueNs - earliestDueNs < 0) {
            earliestDueNs = dueNs;
        }
    }

    private void removeOldestRecovered() {
        for (final Map.Entry<String, Wanted> entry : wanted.entrySet()) {
            if (entry.getValue().isRecovered) {
                wanted.remove(entry.getKey());
                return;
            }
        }
    }

    private void query(final String round) {
        final ResultVotes.Vote own = votes.vote(context.selfId(), round);
        for (int peerId = 0; peerId < quorum.peerCount(); peerId++) {
            final ResultVotes.Vote vote = votes.vote(peerId, round);
            final boolean isKnown = vote != null && (own == null || vote.sequence >= own.sequence);
            if (peerId != context.selfId() && !isKnown) {
                publisher.resultQuery(peerId, round);
            }
        }
    }

    /** Makes the certificate if f + 1 peers say this and their signatures are good. */
    private void certify(final String round, final long sequence, final DirectBuffer digest) {
        final Certificate before = certificates.get(round);
        if (before != null && before.sequence() >= sequence) {
            return;
        }
        if (votes.count(round, sequence, digest) < quorum.oneCorrect()) {
            return;
        }
        final List<Certificate.Signature> signatures = new ArrayList<>();
        for (int peerId = 0; peerId < votes.peerCount() && signatures.size() < quorum.oneCorrect(); peerId++) {
            final ResultVotes.Vote vote = votes.vote(peerId, round);
            if (vote != null && vote.says(sequence, digest) && isGood(peerId, round, vote)) {
                signatures.add(new Certificate.Signature(peerId, hex(vote.signature)));
            }
        }
        if (signatures.size() < quorum.oneCorrect()) {
            return;
        }
        final Certificate certificate = new Certificate(round, context.epoch(), sequence, hex(digest), signatures);
        certificates.remove(round);
        certificates.put(round, certificate);
        if (certificates.size() > context.certificateRoundsMax()) {
            certificates.remove(certificates.keySet().iterator().next());
        }
        wanted.remove(round);
        deliver(certificate);
    }

    private void deliver(final Certificate certificate) {
        final ResultVotes.Vote own = votes.vote(context.selfId(), certificate.round());
        if (own != null
                && own.sequence == certificate.sequence()
                && !hex(own.digest).equals(certificate.digest())) {
            listener.onDiverged(certificate);
        }
        listener.onCertificate(certificate);
    }

    /** Checks a vote's signature once; a forged vote is dropped, so that a good one can take its place. */
    private boolean isGood(final int peerId, final String round, final ResultVotes.Vote vote) {
        if (peerId == context.selfId()) {
            sign(round, vote);
            return true;
        }
        if (!vote.isVerified) {
            vote.isVerified = verify(peerId, round, vote.sequence, vote.digest, vote.signature);
            if (!vote.isVerified) {
                forgedCount++;
                votes.remove(peerId, round);
            }
        }
        return vote.isVerified;
    }

    /** A second vote on the same round and sequence: proof of a lie if both are signed, else the good one stays. */
    private void contradict(
            final int peerId,
            final String round,
            final ResultVotes.Vote known,
            final DirectBuffer digest,
            final DirectBuffer signature) {
        if (known.isContradicted) {
            return;
        }
        if (!verify(peerId, round, known.sequence, digest, signature)) {
            forgedCount++;
            return;
        }
        if (isGood(peerId, round, known)) {
            known.isContradicted = true;
            conflictCount++;
            listener.onConflictingVotes(peerId, round, known.sequence, hex(known.digest), hex(digest));
            return;
        }
        final ResultVotes.Vote vote = new ResultVotes.Vote(known.sequence, digest);
        vote.sign(signature);
        vote.isVerified = true;
        votes.put(peerId, round, vote);
        certify(round, vote.sequence, vote.digest);
    }

    private boolean verify(
            final int peerId,
            final String round,
            final long sequence,
            final DirectBuffer digest,
            final DirectBuffer signature) {
        Certificate.encodeStatement(statement, 0, round, context.epoch(), sequence, digest, sha256);
        return verifier.verify(peerId, SigningDomain.RESULT, statement, 0, Certificate.STATEMENT_LENGTH, signature, 0);
    }

    private void sign(final String round, final ResultVotes.Vote own) {
        if (!own.isSigned) {
            Certificate.encodeStatement(statement, 0, round, context.epoch(), own.sequence, own.digest, sha256);
            signer.sign(SigningDomain.RESULT, statement, 0, Certificate.STATEMENT_LENGTH, scratchSignature, 0);
            own.sign(scratchSignature);
        }
    }

    private static String hex(final DirectBuffer buffer) {
        final byte[] bytes = new byte[buffer.capacity()];
        buffer.getBytes(0, bytes);
        return HexFormat.of().formatHex(bytes);
    }
}
