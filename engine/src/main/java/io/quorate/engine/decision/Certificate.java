package io.quorate.engine.decision;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.quorate.engine.coordination.PeerOutput;
import io.quorate.engine.quorum.Quorum;
import io.quorate.transport.auth.Digest;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.SigningDomain;
import io.quorate.transport.auth.Verifier;
import io.quorate.transport.codecs.CertificateRecordDecoder;
import io.quorate.transport.codecs.CertificateRecordEncoder;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import io.quorate.transport.codecs.MessageHeaderEncoder;
import io.quorate.transport.codecs.ResultStatementEncoder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Proof that a group decided: f + 1 peers, so at least one correct one, signed the same result of a round. Whoever has the
 * roster can check it, without the group. Immutable.
 *
 * @param epoch of the roster that the signers are in, an unsigned 32-bit number
 * @param sequence of the ordered batch that closed the round
 * @param digest SHA-256 of the decision's canonical encoding, in hex
 * @param signatures by rising peer id
 */
public record Certificate(String round, long epoch, long sequence, String digest, List<Signature> signatures) {
    /** Length in bytes of a signed statement. */
    static final int STATEMENT_LENGTH = MessageHeaderEncoder.ENCODED_LENGTH + ResultStatementEncoder.BLOCK_LENGTH;

    private static final HexFormat HEX = HexFormat.of();

    /**
     * One peer's word.
     *
     * @param signature Ed25519, in hex
     */
    public record Signature(int peerId, String signature) {}

    /** What a check found. */
    public enum Verdict {
        VALID("the certificate proves the decision"),
        MALFORMED("the certificate is not well formed"),
        SIGNER_UNKNOWN("a signer is no member of the group"),
        SIGNER_TWICE("the signers are not in rising order, each once"),
        SIGNATURES_TOO_FEW("fewer than f + 1 peers signed"),
        SIGNATURE_FORGED("a signature is not the peer's over this result"),
        ROUND_DIFFERS("the decision is of another round or sequence"),
        DIGEST_DIFFERS("the decision's fields have another digest than the one signed");

        private final String sentence;

        Verdict(final String sentence) {
            this.sentence = sentence;
        }

        public String sentence() {
            return sentence;
        }
    }

    public Certificate {
        signatures = List.copyOf(signatures);
    }

    /**
     * The certificate whose encoding these bytes are.
     *
     * @throws IllegalArgumentException if they are not exactly the encoding of a certificate
     */
    public static Certificate decode(final DirectBuffer buffer, final int offset, final int lengthBytes) {
        final byte[] bytes = new byte[lengthBytes];
        buffer.getBytes(offset, bytes);
        final Certificate certificate;
        try {
            certificate = decodeFields(new UnsafeBuffer(bytes));
        } catch (final IndexOutOfBoundsException e) {
            throw new IllegalArgumentException("the bytes of the certificate end early", e);
        }
        if (!Arrays.equals(bytes, certificate.encode())) {
            throw new IllegalArgumentException("the bytes are not the encoding of a certificate");
        }
        return certificate;
    }

    /** The SBE message CertificateRecord, header included. */
    public byte[] encode() {
        final ExpandableArrayBuffer buffer = new ExpandableArrayBuffer();
        final CertificateRecordEncoder encoder =
                new CertificateRecordEncoder().wrapAndApplyHeader(buffer, 0, new MessageHeaderEncoder());
        encoder.epoch(epoch).sequence(sequence).putDecisionDigest(HEX.parseHex(digest), 0, Digest.LENGTH);
        final CertificateRecordEncoder.SignaturesEncoder group = encoder.signaturesCount(signatures.size());
        for (final Signature one : signatures) {
            group.next().peerId(one.peerId()).putSignature(HEX.parseHex(one.signature()), 0, Signer.SIGNATURE_LENGTH);
        }
        final byte[] name = round.getBytes(UTF_8);
        encoder.putRound(name, 0, name.length);
        final byte[] bytes = new byte[encoder.limit()];
        buffer.getBytes(0, bytes);
        return bytes;
    }

    /**
     * Checks that f + 1 members signed this result.
     *
     * @param verifier of the roster of this certificate's epoch; the caller has compared the epochs
     */
    public Verdict verify(final Verifier verifier, final Quorum quorum) {
        if (!isWellFormed()) {
            return Verdict.MALFORMED;
        }
        final ExpandableArrayBuffer statement = new ExpandableArrayBuffer(STATEMENT_LENGTH);
        final UnsafeBuffer signature = new UnsafeBuffer(new byte[Signer.SIGNATURE_LENGTH]);
        encodeStatement(statement, 0, round, epoch, sequence, new UnsafeBuffer(HEX.parseHex(digest)), new Digest());
        int before = -1;
        for (final Signature one : signatures) {
            if (one.peerId() < 0 || one.peerId() >= quorum.peerCount()) {
                return Verdict.SIGNER_UNKNOWN;
            }
            if (one.peerId() <= before) {
                return Verdict.SIGNER_TWICE;
            }
            before = one.peerId();
            signature.putBytes(0, HEX.parseHex(one.signature()));
            if (!verifier.verify(one.peerId(), SigningDomain.RESULT, statement, 0, STATEMENT_LENGTH, signature, 0)) {
                return Verdict.SIGNATURE_FORGED;
            }
        }
        return signatures.size() >= quorum.oneCorrect() ? Verdict.VALID : Verdict.SIGNATURES_TOO_FEW;
    }

    /** As {@link #verify(Verifier, Quorum)}, and that the result is this decision; its digest is computed from its fields. */
    public Verdict verify(final Verifier verifier, final Quorum quorum, final Decision decision) {
        final Verdict verdict = verify(verifier, quorum);
        if (verdict != Verdict.VALID) {
            return verdict;
        }
        if (!decision.round().equals(round) || decision.sequence() != sequence) {
            return Verdict.ROUND_DIFFERS;
        }
        final String recomputed = HEX.formatHex(DecisionEncoding.digest(decision));
        return recomputed.equals(digest) ? Verdict.VALID : Verdict.DIGEST_DIFFERS;
    }

    /** Writes what a peer signs: {@link #STATEMENT_LENGTH} bytes. */
    static void encodeStatement(
            final MutableDirectBuffer destination,
            final int offset,
            final String round,
            final long epoch,
            final long sequence,
            final DirectBuffer decisionDigest,
            final Digest sha256) {
        final ResultStatementEncoder encoder =
                new ResultStatementEncoder().wrapAndApplyHeader(destination, offset, new MessageHeaderEncoder());
        encoder.epoch(epoch).sequence(sequence).putDecisionDigest(decisionDigest, 0, Digest.LENGTH);
        sha256.update(round.getBytes(UTF_8))
                .finish(destination, encoder.offset() + ResultStatementEncoder.roundDigestEncodingOffset());
    }

    private boolean isWellFormed() {
        return PeerOutput.isRoundName(round)
                && epoch >= 0
                && epoch <= 0xFFFF_FFFFL
                && isHex(digest, Digest.LENGTH)
                && signatures.stream().allMatch(one -> isHex(one.signature(), Signer.SIGNATURE_LENGTH));
    }

    private static boolean isHex(final String text, final int lengthBytes) {
        return text.length() == 2 * lengthBytes && text.chars().allMatch(HexFormat::isHexDigit);
    }

    private static Certificate decodeFields(final DirectBuffer buffer) {
        final MessageHeaderDecoder header = new MessageHeaderDecoder().wrap(buffer, 0);
        if (header.templateId() != CertificateRecordDecoder.TEMPLATE_ID
                || header.schemaId() != CertificateRecordDecoder.SCHEMA_ID
                || header.version() != CertificateRecordDecoder.SCHEMA_VERSION
                || header.blockLength() != CertificateRecordDecoder.BLOCK_LENGTH) {
            throw new IllegalArgumentException("the bytes are no CertificateRecord of this schema version");
        }
        final CertificateRecordDecoder decoder = new CertificateRecordDecoder().wrapAndApplyHeader(buffer, 0, header);
        final byte[] digest = new byte[Digest.LENGTH];
        decoder.getDecisionDigest(digest, 0, Digest.LENGTH);
        final long epoch = decoder.epoch();
        final long sequence = decoder.sequence();
        final List<Signature> signatures = new ArrayList<>();
        final byte[] signature = new byte[Signer.SIGNATURE_LENGTH];
        for (final CertificateRecordDecoder.SignaturesDecoder one : decoder.signatures()) {
            one.getSignature(signature, 0, Signer.SIGNATURE_LENGTH);
            signatures.add(new Signature(one.peerId(), HEX.formatHex(signature)));
        }
        final String round = DeadlineCommand.readName(buffer, decoder.limit(), buffer.capacity());
        if (round == null) {
            throw new IllegalArgumentException("the certificate has no round's name");
        }
        return new Certificate(round, epoch, sequence, HEX.formatHex(digest), signatures);
    }
}
