package io.quorate.engine.virtual;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.SigningDomain;
import io.quorate.transport.auth.Verifier;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class SimKeysTest {
    private static final int LENGTH = 45;

    private final SimKeys keys = new SimKeys(4, new SimRandom(1));
    private final Verifier verifier = keys.verifier();
    private final UnsafeBuffer content = new UnsafeBuffer(new byte[LENGTH]);
    private final UnsafeBuffer signature = new UnsafeBuffer(new byte[Signer.SIGNATURE_LENGTH]);

    @Test
    void shouldAcceptTheTrueSignatureOnly() {
        keys.signer(2).sign(SigningDomain.CHECKPOINT, content, 0, LENGTH, signature, 0);
        assertThat(accepts(2, SigningDomain.CHECKPOINT, LENGTH)).isTrue();
        assertThat(accepts(1, SigningDomain.CHECKPOINT, LENGTH)).isFalse();
        assertThat(accepts(2, SigningDomain.VIEW_CHANGE, LENGTH)).isFalse();
        assertThat(accepts(2, SigningDomain.CHECKPOINT, LENGTH - 1)).isFalse();
        assertThat(accepts(4, SigningDomain.CHECKPOINT, LENGTH)).isFalse();
        assertThat(accepts(-1, SigningDomain.CHECKPOINT, LENGTH)).isFalse();
    }

    @Test
    void shouldRejectEveryFlippedByte() {
        final ExpandableArrayBuffer unaligned = new ExpandableArrayBuffer();
        unaligned.putBytes(3, content, 0, LENGTH);
        keys.signer(0).sign(SigningDomain.REQUEST, unaligned, 3, LENGTH, signature, 0);
        assertThat(accepts(0, SigningDomain.REQUEST, LENGTH)).isTrue();
        for (int index = 0; index < LENGTH; index++) {
            content.putByte(index, (byte) 1);
            assertThat(accepts(0, SigningDomain.REQUEST, LENGTH)).isFalse();
            content.putByte(index, (byte) 0);
        }
        for (int index = 0; index < Signer.SIGNATURE_LENGTH; index++) {
            signature.putByte(index, (byte) (signature.getByte(index) ^ 1));
            assertThat(accepts(0, SigningDomain.REQUEST, LENGTH)).isFalse();
            signature.putByte(index, (byte) (signature.getByte(index) ^ 1));
        }
    }

    private boolean accepts(final int peerId, final SigningDomain domain, final int lengthBytes) {
        return verifier.verify(peerId, domain, content, 0, lengthBytes, signature, 0);
    }
}
