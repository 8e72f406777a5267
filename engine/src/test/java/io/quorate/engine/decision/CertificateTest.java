package io.quorate.engine.decision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.engine.quorum.Quorum;
import io.quorate.engine.virtual.SimKeys;
import io.quorate.engine.virtual.SimRandom;
import io.quorate.transport.auth.Digest;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.SigningDomain;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class CertificateTest {
    private static final Quorum QUORUM = Quorum.of(4);
    private final SimKeys keys = new SimKeys(4, new SimRandom(5));

    @Test
    void shouldProveADecisionToAnybodyWithTheRoster() {
        final Decision decision = decision("yes");
        assertThat(check(certificate(decision, 1, 3), decision)).isEqualTo(Certificate.Verdict.VALID);
        assertThat(check(certificate(decision, 0, 1, 2, 3), decision)).isEqualTo(Certificate.Verdict.VALID);
    }

    @Test
    void shouldNotProveWithFewerThanOneCorrectSigner() {
        final Decision decision = decision("yes");
        assertThat(check(certificate(decision, 2), decision)).isEqualTo(Certificate.Verdict.SIGNATURES_TOO_FEW);
        assertThat(check(certificate(decision), decision)).isEqualTo(Certificate.Verdict.SIGNATURES_TOO_FEW);
        assertThat(check(certificate(decision, 2, 2), decision)).isEqualTo(Certificate.Verdict.SIGNER_TWICE);
        assertThat(check(certificate(decision, 3, 1), decision)).isEqualTo(Certificate.Verdict.SIGNER_TWICE);
    }

    @Test
    void shouldNotProveAnotherDecision() {
        final Certificate certificate = certificate(decision("yes"), 1, 3);
        assertThat(check(certificate, decision("no"))).isEqualTo(Certificate.Verdict.DIGEST_DIFFERS);
        final Certificate elsewhere = new Certificate("other", 1, 4, certificate.digest(), certificate.signatures());
        assertThat(check(elsewhere, decision("yes"))).isEqualTo(Certificate.Verdict.SIGNATURE_FORGED);
        final Certificate later = new Certificate("r", 1, 5, certificate.digest(), certificate.signatures());
        assertThat(check(later, decision("yes"))).isEqualTo(Certificate.Verdict.SIGNATURE_FORGED);
        final Certificate epoch = new Certificate("r", 2, 4, certificate.digest(), certificate.signatures());
        assertThat(check(epoch, decision("yes"))).isEqualTo(Certificate.Verdict.SIGNATURE_FORGED);
    }

    @Test
    void shouldNotProveByForgedSignatures() {
        final Decision decision = decision("yes");
        final Certificate good = certificate(decision, 1, 3);
        final List<Certificate.Signature> swapped = List.of(
                new Certificate.Signature(1, good.signatures().get(1).signature()),
                new Certificate.Signature(3, good.signatures().get(0).signature()));
        assertThat(check(new Certificate("r", 1, 4, good.digest(), swapped), decision))
                .isEqualTo(Certificate.Verdict.SIGNATURE_FORGED);
        final List<Certificate.Signature> stranger = List.of(
                good.signatures().get(0),
                new Certificate.Signature(4, good.signatures().get(1).signature()));
        assertThat(check(new Certificate("r", 1, 4, good.digest(), stranger), decision))
                .isEqualTo(Certificate.Verdict.SIGNER_UNKNOWN);
        final List<Certificate.Signature> short1 =
                List.of(good.signatures().get(0), new Certificate.Signature(3, "ab"));
        assertThat(check(new Certificate("r", 1, 4, good.digest(), short1), decision))
                .isEqualTo(Certificate.Verdict.MALFORMED);
        assertThat(check(new Certificate("", 1, 4, good.digest(), good.signatures()), decision))
                .isEqualTo(Certificate.Verdict.MALFORMED);
    }

    @Test
    void shouldComeBackFromItsEncoding() {
        final Certificate certificate = certificate(decision("yes"), 1, 3);
        final byte[] bytes = certificate.encode();
        assertThat(Certificate.decode(new UnsafeBuffer(bytes), 0, bytes.length)).isEqualTo(certificate);
        for (int length = 0; length < bytes.length; length++) {
            final byte[] shorter = Arrays.copyOf(bytes, length);
            assertThatThrownBy(() -> Certificate.decode(new UnsafeBuffer(shorter), 0, shorter.length))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        final byte[] longer = Arrays.copyOf(bytes, bytes.length + 1);
        assertThatThrownBy(() -> Certificate.decode(new UnsafeBuffer(longer), 0, longer.length))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private Certificate.Verdict check(final Certificate certificate, final Decision decision) {
        return certificate.verify(keys.verifier(), QUORUM, decision);
    }

    private Certificate certificate(final Decision decision, final int... signers) {
        final UnsafeBuffer statement = new UnsafeBuffer(new byte[Certificate.STATEMENT_LENGTH]);
        Certificate.encodeStatement(
                statement,
                0,
                decision.round(),
                1,
                decision.sequence(),
                new UnsafeBuffer(decision.digest()),
                new Digest());
        final List<Certificate.Signature> signatures = new ArrayList<>();
        for (final int signer : signers) {
            final byte[] signature = new byte[Signer.SIGNATURE_LENGTH];
            keys.signer(signer)
                    .sign(SigningDomain.RESULT, statement, 0, statement.capacity(), new UnsafeBuffer(signature), 0);
            signatures.add(new Certificate.Signature(signer, HexFormat.of().formatHex(signature)));
        }
        return new Certificate(
                decision.round(), 1, decision.sequence(), HexFormat.of().formatHex(decision.digest()), signatures);
    }

    private static Decision decision(final String answer) {
        try (MachineRun run = MachineRun.of(4)) {
            for (int peer = 0; peer < 4; peer++) {
                run.contribute(peer, "r", answer);
            }
            return run.lastDecision();
        }
    }
}
