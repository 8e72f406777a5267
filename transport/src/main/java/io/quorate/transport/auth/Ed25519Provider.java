package io.quorate.transport.auth;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import org.bouncycastle.math.ec.rfc8032.Ed25519;

/**
 * Who computes Ed25519 (RFC 8032): chosen once, passed as an object, and named in the launch message. The JDK's own provider is
 * not among the choices: it is twenty to eighty times slower.
 *
 * <p>All providers accept the same signatures, so that replicas never disagree about validity: see {@link Ed25519Encoding}.
 */
public interface Ed25519Provider {
    /** Name and version, for the launch message. */
    String providerName();

    /** A key that signs; holds the secret. Not thread-safe. */
    SigningKey signingKey(byte[] seed);

    /**
     * A key that checks. Not thread-safe.
     *
     * @throws IllegalArgumentException if the key is not canonical or not in the prime-order group
     */
    VerifyingKey verifyingKey(byte[] publicKey);

    /** Signs messages. */
    @FunctionalInterface
    interface SigningKey {
        /** The 64-byte signature of a message. */
        byte[] sign(byte[] message);
    }

    /** Checks signatures. */
    @FunctionalInterface
    interface VerifyingKey {
        /** True for a valid 64-byte signature; false for anything else, never an exception. */
        boolean verify(byte[] message, byte[] signature);
    }

    /** Amazon Corretto Crypto Provider if its native library loads here, else BouncyCastle. */
    static Ed25519Provider choose() {
        return corretto().orElseGet(Ed25519Provider::bouncyCastle);
    }

    /** Pure Java, always there. */
    static Ed25519Provider bouncyCastle() {
        return new BouncyCastle();
    }

    /** Native; empty where its library is missing or its self test fails. */
    static Optional<Ed25519Provider> corretto() {
        final Provider provider = correttoProvider().orElse(null);
        if (provider == null) {
            return Optional.empty();
        }
        try {
            final Ed25519Provider candidate = new Corretto(provider);
            final byte[] seed = new byte[PeerIdentity.KEY_LENGTH];
            final byte[] publicKey = new byte[PeerIdentity.KEY_LENGTH];
            Ed25519.generatePublicKey(seed, 0, publicKey, 0);
            final byte[] signature = candidate.signingKey(seed).sign(seed);
            return candidate.verifyingKey(publicKey).verify(seed, signature)
                    ? Optional.of(candidate)
                    : Optional.empty();
        } catch (final LinkageError | RuntimeException e) {
            return Optional.empty();
        }
    }

    /** The native provider itself, for other algorithms; empty where its library is missing or its self test fails. */
    static Optional<Provider> correttoProvider() {
        try {
            final Class<?> type = Class.forName("com.amazon.corretto.crypto.provider.AmazonCorrettoCryptoProvider");
            final Provider provider = (Provider) type.getField("INSTANCE").get(null);
            type.getMethod("assertHealthy").invoke(provider);
            return Optional.of(provider);
        } catch (final ReflectiveOperationException | LinkageError | RuntimeException e) {
            return Optional.empty();
        }
    }

    /** BouncyCastle's low-level class; registers no provider. */
    final class BouncyCastle implements Ed25519Provider {
        private BouncyCastle() {}

        @Override
        public String providerName() {
            return "BouncyCastle (pure Java)";
        }

        @Override
        public SigningKey signingKey(final byte[] seed) {
            final byte[] secret = seed.clone();
            final byte[] publicKey = new byte[Ed25519.PUBLIC_KEY_SIZE];
            Ed25519.generatePublicKey(secret, 0, publicKey, 0);
            return message -> {
                final byte[] signature = new byte[Ed25519.SIGNATURE_SIZE];
                Ed25519.sign(secret, 0, publicKey, 0, message, 0, message.length, signature, 0);
                return signature;
            };
        }

        @Override
        public VerifyingKey verifyingKey(final byte[] publicKey) {
            Ed25519Encoding.requireSound(publicKey);
            final Ed25519.PublicPoint point = Ed25519.validatePublicKeyFullExport(publicKey, 0);
            // Its check multiplies the equation by a number that may be even, which would forgive a torsion part in R.
            return (message, signature) -> Ed25519Encoding.isSoundSignature(signature)
                    && Ed25519.validatePublicKeyFull(signature, 0)
                    && Ed25519.verify(signature, 0, point, message, 0, message.length);
        }
    }

    /** Amazon Corretto Crypto Provider (AWS-LC), found by name at run time. */
    final class Corretto implements Ed25519Provider {
        private static final byte[] PRIVATE_PREFIX = HexFormat.of().parseHex("302e020100300506032b657004220420");
        private static final byte[] PUBLIC_PREFIX = HexFormat.of().parseHex("302a300506032b6570032100");

        private final Provider provider;
        private final KeyFactory keyFactory;

        private Corretto(final Provider provider) {
            this.provider = provider;
            try {
                // Key objects come from the JDK's factory: the native provider does not register its own by default.
                keyFactory = KeyFactory.getInstance("Ed25519", "SunEC");
            } catch (final GeneralSecurityException e) {
                throw new IllegalStateException("this JDK has no Ed25519 key factory", e);
            }
        }

        @Override
        public String providerName() {
            return provider.getName() + " " + provider.getVersionStr() + " (native)";
        }

        @Override
        public SigningKey signingKey(final byte[] seed) {
            try {
                final byte[] encoded = concat(PRIVATE_PREFIX, seed);
                final PrivateKey key = keyFactory.generatePrivate(new PKCS8EncodedKeySpec(encoded));
                Arrays.fill(encoded, (byte) 0);
                final Signature engine = Signature.getInstance("Ed25519", provider);
                engine.initSign(key);
                return message -> sign(engine, message);
            } catch (final GeneralSecurityException e) {
                throw new IllegalStateException("cannot make an Ed25519 signing key", e);
            }
        }

        @Override
        public VerifyingKey verifyingKey(final byte[] publicKey) {
            Ed25519Encoding.requireSound(publicKey);
            try {
                final PublicKey key =
                        keyFactory.generatePublic(new X509EncodedKeySpec(concat(PUBLIC_PREFIX, publicKey)));
                final Signature engine = Signature.getInstance("Ed25519", provider);
                engine.initVerify(key);
                return (message, signature) ->
                        Ed25519Encoding.isSoundSignature(signature) && verify(engine, message, signature);
            } catch (final GeneralSecurityException e) {
                throw new IllegalStateException("cannot make an Ed25519 verifying key", e);
            }
        }

        private static byte[] sign(final Signature engine, final byte[] message) {
            try {
                engine.update(message);
                return engine.sign();
            } catch (final GeneralSecurityException e) {
                throw new IllegalStateException("Ed25519 signing failed", e);
            }
        }

        private static boolean verify(final Signature engine, final byte[] message, final byte[] signature) {
            try {
                engine.update(message);
                return engine.verify(signature);
            } catch (final GeneralSecurityException e) {
                return false;
            }
        }

        private static byte[] concat(final byte[] prefix, final byte[] key) {
            final byte[] encoded = Arrays.copyOf(prefix, prefix.length + key.length);
            System.arraycopy(key, 0, encoded, prefix.length, key.length);
            return encoded;
        }
    }
}
