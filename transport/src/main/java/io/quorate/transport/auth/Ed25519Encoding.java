package io.quorate.transport.auth;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.HexFormat;
import org.bouncycastle.math.ec.rfc8032.Ed25519;

/**
 * Which Ed25519 keys and signatures the house admits, so that every provider gives the same verdict (RFC 8032, section 5.1).
 *
 * <p>Keys: canonical encoding of a point of the prime-order group, not the neutral element. Signatures: S below the group order
 * L (no second form of a signature), R a canonical encoding and not one of the eight points of small order. With such a key the
 * equation without cofactor has exactly one solution R of prime order, which is what remains to be compared.
 */
final class Ed25519Encoding {
    /** L = 2^252 + 27742317777372353535851937790883648493, little-endian. */
    private static final int[] ORDER = {
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, //
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10
    };

    /** p = 2^255 - 19, little-endian. */
    private static final int[] FIELD = {
        0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, //
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f
    };

    /** The y coordinates of the eight points of small order: 0, 1, -1 and the two of order eight. */
    private static final byte[][] SMALL_ORDER = {
        HexFormat.of().parseHex("0000000000000000000000000000000000000000000000000000000000000000"),
        HexFormat.of().parseHex("0100000000000000000000000000000000000000000000000000000000000000"),
        HexFormat.of().parseHex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        HexFormat.of().parseHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
        HexFormat.of().parseHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
    };

    private Ed25519Encoding() {}

    /** True if the key may stand in a roster. */
    static boolean isSound(final byte[] publicKey) {
        return publicKey.length == PeerIdentity.KEY_LENGTH
                && isCanonicalPoint(publicKey)
                && Ed25519.validatePublicKeyFull(publicKey, 0);
    }

    static void requireSound(final byte[] publicKey) {
        if (!isSound(publicKey)) {
            throw new IllegalArgumentException(
                    "the public key is not a canonical Ed25519 point of the prime-order group (32 bytes, RFC 8032)");
        }
    }

    /** Cheap part of the check of a signature: length, S, and the encoding of R. */
    static boolean isSoundSignature(final byte[] signature) {
        return signature.length == Signer.SIGNATURE_LENGTH
                && isBelow(signature, Signer.SIGNATURE_LENGTH / 2, ORDER, 0xff)
                && isCanonicalPoint(signature)
                && !isSmallOrder(signature);
    }

    private static boolean isSmallOrder(final byte[] encoded) {
        final int last = PeerIdentity.KEY_LENGTH - 1;
        for (final byte[] y : SMALL_ORDER) {
            if (Arrays.equals(encoded, 0, last, y, 0, last) && (encoded[last] & 0x7f) == y[last]) {
                return true;
            }
        }
        return false;
    }

    /** The X25519 form of a sound key: u = (1 + y) / (1 - y) modulo p (RFC 7748, section 4.1). Public data only. */
    static byte[] montgomeryU(final byte[] publicKey) {
        final BigInteger p = BigInteger.TWO.pow(255).subtract(BigInteger.valueOf(19));
        final byte[] big = new byte[publicKey.length];
        for (int i = 0; i < big.length; i++) {
            big[i] = publicKey[publicKey.length - 1 - i];
        }
        final BigInteger y = new BigInteger(1, big).clearBit(255);
        final BigInteger u = BigInteger.ONE
                .add(y)
                .multiply(BigInteger.ONE.subtract(y).modInverse(p))
                .mod(p);
        final byte[] encoded = new byte[publicKey.length];
        for (int i = 0; i < encoded.length; i++) {
            encoded[i] = u.shiftRight(Byte.SIZE * i).byteValue();
        }
        return encoded;
    }

    private static boolean isCanonicalPoint(final byte[] encoded) {
        return isBelow(encoded, 0, FIELD, 0x7f);
    }

    private static boolean isBelow(final byte[] bytes, final int offset, final int[] bound, final int topMask) {
        for (int i = bound.length - 1; i >= 0; i--) {
            final int value = bytes[offset + i] & (i == bound.length - 1 ? topMask : 0xff);
            if (value != bound[i]) {
                return value < bound[i];
            }
        }
        return false;
    }
}
