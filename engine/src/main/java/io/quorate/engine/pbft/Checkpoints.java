package io.quorate.engine.pbft;

import static io.quorate.transport.auth.Signer.SIGNATURE_LENGTH;

import io.quorate.engine.evidence.Evidence;
import io.quorate.engine.metrics.Invariant;
import io.quorate.engine.metrics.PbftCounter;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.transfer.PagedSnapshot;
import io.quorate.transport.auth.SigningDomain;
import java.nio.ByteOrder;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Checkpoints and what makes them stable (OSDI 1999, 4.3): every K sequences each replica signs the digest of its state; q
 * equal ones are a certificate. A checkpoint is stable here once it is certified and its state is here.
 *
 * <p>Keeps per sender its {@value #VOTES_PER_SENDER} latest checkpoint messages, the newest certificate, and the snapshots from
 * the stable checkpoint before the current one upwards.
 */
final class Checkpoints {
    /** Proof that a state is the group's: q signatures over sequence and digest, by rising signer id. Reusable. */
    static final class Certificate {
        private final Digest256 stateDigest = new Digest256();
        private final int[] signerIds;
        private final UnsafeBuffer signatures;
        private long sequence;
        private int signerCount;

        Certificate(final int peerCount) {
            signerIds = new int[peerCount];
            signatures = new UnsafeBuffer(new byte[peerCount * SIGNATURE_LENGTH]);
        }

        Certificate begin(final long newSequence, final Digest256 newDigest) {
            sequence = newSequence;
            stateDigest.set(newDigest);
            signerCount = 0;
            return this;
        }

        /** False if the id is unknown or not above the ones before. */
        boolean add(final int signerId, final DirectBuffer signature, final int offset) {
            if (signerId >= signerIds.length || (signerCount > 0 && signerId <= signerIds[signerCount - 1])) {
                return false;
            }
            signerIds[signerCount] = signerId;
            signatures.putBytes(signerCount * SIGNATURE_LENGTH, signature, offset, SIGNATURE_LENGTH);
            signerCount++;
            return true;
        }

        Certificate set(final Certificate other) {
            begin(other.sequence, other.stateDigest);
            for (int i = 0; i < other.signerCount; i++) {
                add(other.signerIds[i], other.signatures, other.signatureOffset(i));
            }
            return this;
        }

        long sequence() {
            return sequence;
        }

        Digest256 stateDigest() {
            return stateDigest;
        }

        int signerCount() {
            return signerCount;
        }

        int signerId(final int index) {
            return signerIds[index];
        }

        /** The signers as bits. */
        long signerBits() {
            long bits = 0;
            for (int i = 0; i < signerCount; i++) {
                bits |= 1L << signerIds[i];
            }
            return bits;
        }

        DirectBuffer signatures() {
            return signatures;
        }

        int signatureOffset(final int index) {
            return index * SIGNATURE_LENGTH;
        }
    }

    private static final int VOTES_PER_SENDER = 4;
    private static final int CONTENT_LENGTH = 8 + Digest256.LENGTH;

    private final PbftReplica replica;
    private final int peerCount;
    private final int checkpointInterval;
    private final long[] voteSequences;
    private final Digest256[] voteDigests;
    private final UnsafeBuffer voteSignatures;
    private final PagedSnapshot[] snapshots;
    private final UnsafeBuffer content = new UnsafeBuffer(new byte[CONTENT_LENGTH]);
    private final UnsafeBuffer ownSignature = new UnsafeBuffer(new byte[SIGNATURE_LENGTH]);
    private final Certificate stable;
    private final Certificate newest;
    private final Certificate candidate;
    private int snapshotCount;
    private long previousStable;

    Checkpoints(final PbftReplica replica) {
        this.replica = replica;
        final PbftContext context = replica.context;
        peerCount = context.peerCount();
        checkpointInterval = context.checkpointInterval();
        voteSequences = new long[peerCount * VOTES_PER_SENDER];
        voteDigests = new Digest256[peerCount * VOTES_PER_SENDER];
        for (int i = 0; i < voteDigests.length; i++) {
            voteDigests[i] = new Digest256();
        }
        voteSignatures = new UnsafeBuffer(new byte[voteDigests.length * SIGNATURE_LENGTH]);
        // Above the window's checkpoints: the stable one, the one before, and one restored past them.
        snapshots = new PagedSnapshot[context.windowLength() / checkpointInterval + 3];
        stable = new Certificate(peerCount);
        newest = new Certificate(peerCount);
        candidate = new Certificate(peerCount);
    }

    /** The certificate of the stable checkpoint; sequence 0 and no signers at the start. */
    Certificate stable() {
        return stable;
    }

    /** The newest certificate seen, stable here or not. */
    Certificate newest() {
        return newest;
    }

    /** This replica's state after a sequence, or null. */
    PagedSnapshot snapshot(final long sequence) {
        for (int i = 0; i < snapshotCount; i++) {
            if (snapshots[i].sequence() == sequence) {
                return snapshots[i];
            }
        }
        return null;
    }

    /** Execution took a checkpoint. */
    void onTaken(final long sequence, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        if (sequence <= replica.log.low()) {
            return;
        }
        final PagedSnapshot taken = PagedSnapshot.of(
                replica.sha256, replica.context.pageLength(), sequence, buffer, offset, lengthBytes, newestSnapshot());
        keep(taken);
        if (replica.isVoting()) {
            encode(sequence, taken.stateDigest());
            replica.signer.sign(SigningDomain.CHECKPOINT, content, 0, CONTENT_LENGTH, ownSignature, 0);
            store(replica.selfId, sequence, taken.stateDigest(), ownSignature, 0);
            replica.publisher.checkpoint(PbftPublisher.EVERYONE, sequence, taken.stateDigest(), ownSignature, 0);
        }
        certify(sequence, taken.stateDigest());
        settle();
    }

    private void keep(final PagedSnapshot taken) {
        Invariant.check(snapshotCount < snapshots.length, "snapshots are bounded by the window");
        snapshots[snapshotCount++] = taken;
    }

    /** The newest state of this replica that is kept, or null. */
    PagedSnapshot newestSnapshot() {
        return snapshotCount == 0 ? null : snapshots[snapshotCount - 1];
    }

    /** A snapshot fetched from peers, whose digest a certificate vouches for, is in place. */
    void onRestored(final Certificate certificate, final PagedSnapshot restored) {
        Invariant.check(
                restored.sequence() == certificate.sequence()
                        && restored.stateDigest().isEqual(certificate.stateDigest()),
                "only a certified state is restored",
                restored.sequence(),
                certificate.sequence());
        dropSnapshots(certificate.sequence(), certificate.sequence());
        keep(restored);
        makeStable(certificate);
        settle();
    }

    /** A peer's signed checkpoint. */
    void onCheckpoint(
            final int senderId,
            final long sequence,
            final Digest256 digest,
            final DirectBuffer signature,
            final int offset) {
        if (sequence <= replica.log.low() || sequence % checkpointInterval != 0) {
            replica.counters.increment(PbftCounter.DROPPED_OUT_OF_WINDOW);
            return;
        }
        final int known = find(senderId, sequence);
        if (known >= 0) {
            final boolean isSame = voteDigests[known].isEqual(digest);
            replica.counters.increment(isSame ? PbftCounter.DROPPED_DUPLICATE : PbftCounter.DROPPED_CONFLICTING);
            accuse(senderId, known, digest, signature, offset);
            return;
        }
        if (sequence < voteSequences[oldest(senderId)]) {
            replica.counters.increment(PbftCounter.DROPPED_OUT_OF_WINDOW);
            return;
        }
        encode(sequence, digest);
        if (!replica.verifier.verify(
                senderId, SigningDomain.CHECKPOINT, content, 0, CONTENT_LENGTH, signature, offset)) {
            replica.counters.increment(PbftCounter.DROPPED_BAD_SIGNATURE);
            return;
        }
        if (sequence > replica.log.high()) {
            // Charged though it holds: its signer can make as many as there are sequences.
            replica.verifier.charge();
        }
        store(senderId, sequence, digest, signature, offset);
        certify(sequence, digest);
        settle();
    }

    /** As {@link #onCertificate(Certificate, Certificate)}, and none other was verified before. */
    boolean onCertificate(final Certificate certificate) {
        return onCertificate(certificate, null);
    }

    /**
     * A whole certificate, from a peer or out of a view change; true if it is valid.
     *
     * @param verified one that was found valid before, whose signatures need no second look; may be null
     */
    boolean onCertificate(final Certificate certificate, final Certificate verified) {
        if (!isValid(certificate, verified)) {
            replica.counters.increment(PbftCounter.DROPPED_BAD_CERTIFICATE);
            return false;
        }
        if (certificate.sequence() > newest.sequence()) {
            newest.set(certificate);
            for (int i = 0; i < newest.signerCount(); i++) {
                final int known = find(newest.signerId(i), newest.sequence());
                if (known >= 0) {
                    accuse(
                            newest.signerId(i),
                            known,
                            newest.stateDigest(),
                            newest.signatures(),
                            newest.signatureOffset(i));
                }
            }
            settle();
        }
        return true;
    }

    /** A peer signed another state for a sequence than it told this replica before: evidence, if it is signed. */
    private void accuse(
            final int signerId,
            final int known,
            final Digest256 digest,
            final DirectBuffer signature,
            final int offset) {
        if (!voteDigests[known].isEqual(digest)) {
            replica.evidence.onEvidence(Evidence.of(
                    Evidence.Kind.CHECKPOINT,
                    signerId,
                    0,
                    voteSequences[known],
                    voteDigests[known],
                    voteSignatures,
                    known * SIGNATURE_LENGTH,
                    digest,
                    signature,
                    offset));
        }
    }

    /** What the epoch begins with needs no proof here; anything above needs q valid signatures, and below is nothing. */
    private boolean isValid(final Certificate certificate, final Certificate verified) {
        if (certificate.sequence() <= replica.opening.sequence()) {
            return replica.opening.isOrigin(certificate);
        }
        if (certificate.sequence() % checkpointInterval != 0 || certificate.signerCount() < replica.quorum.quorum()) {
            return false;
        }
        encode(certificate.sequence(), certificate.stateDigest());
        for (int i = 0; i < certificate.signerCount(); i++) {
            if (!isKnown(certificate, i) && !(verified != null && isIn(verified, certificate, i))) {
                if (!replica.verifier.verify(
                        certificate.signerId(i),
                        SigningDomain.CHECKPOINT,
                        content,
                        0,
                        CONTENT_LENGTH,
                        certificate.signatures(),
                        certificate.signatureOffset(i))) {
                    return false;
                }
                if (certificate.sequence() <= newest.sequence()) {
                    // Charged though it holds: there are as many old certificates as there were checkpoints.
                    replica.verifier.charge();
                }
            }
        }
        return true;
    }

    /** True if exactly this signature was verified before: verifying is dear, and certificates come again and again. */
    private boolean isKnown(final Certificate certificate, final int index) {
        final int vote = find(certificate.signerId(index), certificate.sequence());
        final boolean isVote = vote >= 0
                && voteDigests[vote].isEqual(certificate.stateDigest())
                && isEqual(voteSignatures, vote * SIGNATURE_LENGTH, certificate, index);
        return isVote || isIn(newest, certificate, index) || isIn(stable, certificate, index);
    }

    private static boolean isIn(final Certificate known, final Certificate certificate, final int index) {
        if (known.sequence() != certificate.sequence() || !known.stateDigest().isEqual(certificate.stateDigest())) {
            return false;
        }
        for (int i = 0; i < known.signerCount(); i++) {
            if (known.signerId(i) == certificate.signerId(index)) {
                return isEqual(known.signatures(), known.signatureOffset(i), certificate, index);
            }
        }
        return false;
    }

    private static boolean isEqual(
            final DirectBuffer signatures, final int at, final Certificate certificate, final int index) {
        for (int offset = 0; offset < SIGNATURE_LENGTH; offset += Long.BYTES) {
            if (signatures.getLong(at + offset)
                    != certificate.signatures().getLong(certificate.signatureOffset(index) + offset)) {
                return false;
            }
        }
        return true;
    }

    /** Builds a certificate out of single votes once q agree. */
    private void certify(final long sequence, final Digest256 digest) {
        candidate.begin(sequence, digest);
        for (int senderId = 0; senderId < peerCount; senderId++) {
            final int vote = find(senderId, sequence);
            if (vote >= 0 && voteDigests[vote].isEqual(digest)) {
                candidate.add(senderId, voteSignatures, vote * SIGNATURE_LENGTH);
            }
        }
        if (candidate.signerCount() >= replica.quorum.quorum() && sequence > newest.sequence()) {
            newest.set(candidate);
        }
    }

    /** Makes the newest certified state that is here the stable one. */
    private void settle() {
        for (int i = snapshotCount - 1; i >= 0; i--) {
            final PagedSnapshot own = snapshots[i];
            if (own.sequence() <= replica.log.low()) {
                return;
            }
            if (own.sequence() == newest.sequence()) {
                Invariant.check(
                        own.stateDigest().isEqual(newest.stateDigest()),
                        "equal inputs give an equal state",
                        own.sequence(),
                        0);
                makeStable(newest);
                return;
            }
            certify(own.sequence(), own.stateDigest());
            if (candidate.signerCount() >= replica.quorum.quorum()) {
                makeStable(candidate);
                return;
            }
        }
    }

    private void makeStable(final Certificate certificate) {
        if (certificate.sequence() > replica.log.executedSequence()) {
            return;
        }
        final PagedSnapshot state = snapshot(certificate.sequence());
        replica.log.endAt(replica.execution.lastSequence(state.buffer(), state.offset(), state.lengthBytes()));
        previousStable = stable.sequence();
        stable.set(certificate);
        dropSnapshots(previousStable, stable.sequence());
        replica.counters.increment(PbftCounter.CHECKPOINTS_STABLE);
        replica.onStable(stable);
    }

    /** Sends this replica's checkpoints again that are not stable yet. */
    void resend() {
        for (int i = 0; i < snapshotCount; i++) {
            final PagedSnapshot own = snapshots[i];
            final int vote = find(replica.selfId, own.sequence());
            if (own.sequence() > replica.log.low() && vote >= 0) {
                replica.counters.increment(PbftCounter.RETRANSMISSIONS);
                replica.publisher.checkpoint(
                        PbftPublisher.EVERYONE,
                        own.sequence(),
                        own.stateDigest(),
                        voteSignatures,
                        vote * SIGNATURE_LENGTH);
            }
        }
    }

    /** Keeps the snapshot of one sequence and those from another upwards; between the two may lie as many as a window holds. */
    private void dropSnapshots(final long sequence, final long from) {
        int kept = 0;
        for (int i = 0; i < snapshotCount; i++) {
            if (snapshots[i].sequence() == sequence || snapshots[i].sequence() >= from) {
                snapshots[kept++] = snapshots[i];
            }
        }
        for (int i = kept; i < snapshotCount; i++) {
            snapshots[i] = null;
        }
        snapshotCount = kept;
    }

    private void encode(final long sequence, final Digest256 digest) {
        content.putLong(0, sequence, ByteOrder.LITTLE_ENDIAN);
        digest.write(content, 8);
    }

    private void store(
            final int senderId,
            final long sequence,
            final Digest256 digest,
            final DirectBuffer signature,
            final int offset) {
        final int index = oldest(senderId);
        voteSequences[index] = sequence;
        voteDigests[index].set(digest);
        voteSignatures.putBytes(index * SIGNATURE_LENGTH, signature, offset, SIGNATURE_LENGTH);
    }

    private int find(final int senderId, final long sequence) {
        for (int i = senderId * VOTES_PER_SENDER; i < (senderId + 1) * VOTES_PER_SENDER; i++) {
            if (voteSequences[i] == sequence) {
                return i;
            }
        }
        return -1;
    }

    private int oldest(final int senderId) {
        int oldest = senderId * VOTES_PER_SENDER;
        for (int i = oldest + 1; i < (senderId + 1) * VOTES_PER_SENDER; i++) {
            oldest = voteSequences[i] < voteSequences[oldest] ? i : oldest;
        }
        return oldest;
    }
}
