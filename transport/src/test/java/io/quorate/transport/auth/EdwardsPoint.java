package io.quorate.transport.auth;

import java.math.BigInteger;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/** The curve of Ed25519 in plain big integers (RFC 8032, section 5.1), to make signatures that no honest signer makes. */
record EdwardsPoint(BigInteger x, BigInteger y) {
    static final BigInteger P = BigInteger.TWO.pow(255).subtract(BigInteger.valueOf(19));
    static final BigInteger L = BigInteger.TWO.pow(252).add(new BigInteger("27742317777372353535851937790883648493"));
    static final BigInteger D = BigInteger.valueOf(-121665)
            .multiply(BigInteger.valueOf(121666).modInverse(P))
            .mod(P);
    static final EdwardsPoint NEUTRAL = new EdwardsPoint(BigInteger.ZERO, BigInteger.ONE);
    static final EdwardsPoint BASE = decode(
            BigInteger.valueOf(4).multiply(BigInteger.valueOf(5).modInverse(P)).mod(P), 0);
    /** One of the points of order eight. */
    static final EdwardsPoint TORSION = decode(
            number(HexFormat.of().parseHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")), 0);

    EdwardsPoint plus(final EdwardsPoint other) {
        final BigInteger product =
                D.multiply(x).multiply(other.x).multiply(y).multiply(other.y).mod(P);
        final BigInteger newX = x.multiply(other.y)
                .add(other.x.multiply(y))
                .multiply(BigInteger.ONE.add(product).modInverse(P))
                .mod(P);
        final BigInteger newY = y.multiply(other.y)
                .add(x.multiply(other.x))
                .multiply(BigInteger.ONE.subtract(product).modInverse(P))
                .mod(P);
        return new EdwardsPoint(newX, newY);
    }

    EdwardsPoint times(final BigInteger scalar) {
        EdwardsPoint result = NEUTRAL;
        for (int bit = scalar.bitLength() - 1; bit >= 0; bit--) {
            result = result.plus(result);
            if (scalar.testBit(bit)) {
                result = result.plus(this);
            }
        }
        return result;
    }

    byte[] encode() {
        final byte[] bytes = bytes(y);
        bytes[31] |= (byte) (x.testBit(0) ? 0x80 : 0);
        return bytes;
    }

    static EdwardsPoint decode(final BigInteger y, final int sign) {
        final BigInteger y2 = y.multiply(y).mod(P);
        final BigInteger x2 = y2.subtract(BigInteger.ONE)
                .multiply(D.multiply(y2).add(BigInteger.ONE).modInverse(P))
                .mod(P);
        BigInteger x = x2.modPow(P.add(BigInteger.valueOf(3)).shiftRight(3), P);
        if (!x.multiply(x).mod(P).equals(x2)) {
            x = x.multiply(BigInteger.TWO.modPow(P.subtract(BigInteger.ONE).shiftRight(2), P))
                    .mod(P);
        }
        if (!x.multiply(x).mod(P).equals(x2)) {
            throw new IllegalArgumentException("not on the curve");
        }
        return new EdwardsPoint(x.testBit(0) == (sign == 1) ? x : P.subtract(x).mod(P), y);
    }

    /** A signature with any R: S = r + h a, whatever point stands for R. */
    static byte[] sign(
            final byte[] publicKey,
            final BigInteger a,
            final BigInteger r,
            final byte[] encodedR,
            final byte[] message) {
        final BigInteger h = number(sha512(encodedR, publicKey, message)).mod(L);
        final byte[] signature = Arrays.copyOf(encodedR, 64);
        System.arraycopy(bytes(r.add(h.multiply(a)).mod(L)), 0, signature, 32, 32);
        return signature;
    }

    /** The secret scalar of a seed. */
    static BigInteger scalar(final byte[] seed) {
        final byte[] hash = Arrays.copyOf(sha512(seed), 32);
        hash[0] &= (byte) 0xf8;
        hash[31] &= 0x7f;
        hash[31] |= 0x40;
        return number(hash);
    }

    static BigInteger number(final byte[] littleEndian) {
        final byte[] big = new byte[littleEndian.length];
        for (int i = 0; i < big.length; i++) {
            big[i] = littleEndian[big.length - 1 - i];
        }
        return new BigInteger(1, big);
    }

    static byte[] bytes(final BigInteger value) {
        final byte[] big = value.toByteArray();
        final byte[] little = new byte[32];
        for (int i = 0; i < Math.min(32, big.length); i++) {
            little[i] = big[big.length - 1 - i];
        }
        return little;
    }

    private static byte[] sha512(final byte[]... parts) {
        try {
            final MessageDigest digest = MessageDigest.getInstance("SHA-512");
            for (final byte[] part : parts) {
                digest.update(part);
            }
            return digest.digest();
        } catch (final NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
