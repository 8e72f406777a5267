package io.quorate.transport.auth;

import io.quorate.transport.DropReason;
import io.quorate.transport.codecs.HelloDecoder;
import io.quorate.transport.codecs.HelloEncoder;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import io.quorate.transport.codecs.MessageHeaderEncoder;
import io.quorate.transport.codecs.WelcomeDecoder;
import io.quorate.transport.codecs.WelcomeEncoder;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.bouncycastle.math.ec.rfc7748.X25519;

/**
 * The handshake with one other peer, both roles; docs/protocols/frame.md has the messages and why they are so. Sans-io: bytes and
 * time come in, bytes come out. Consensus thread only.
 *
 * <p>Who wants to <em>send</em> opens a session: Hello, then Welcome, then the first sealed frame confirms it. The key comes from
 * two ephemeral X25519 keys (RFC 7748) that the roster keys sign, so a stolen roster key does not open old traffic.
 *
 * <p>A Hello carries a MAC under the static key of the two peers, so a stranger's Hello costs one HMAC and gets no answer. What is
 * left, replays and a peer that misbehaves itself, meets token buckets, one set a peer.
 */
public final class Handshake {
    /** No handshake message is longer. */
    public static final int MESSAGE_LENGTH_MAX = MessageHeaderEncoder.ENCODED_LENGTH + HelloEncoder.BLOCK_LENGTH;

    private static final int HEADER_LENGTH = MessageHeaderEncoder.ENCODED_LENGTH;
    private static final int HELLO_SIGNED_LENGTH = HEADER_LENGTH + HelloEncoder.signatureEncodingOffset();
    private static final int HELLO_MAC_OFFSET = HEADER_LENGTH + HelloEncoder.pairMacEncodingOffset();
    private static final int WELCOME_SIGNED_LENGTH = HEADER_LENGTH + WelcomeEncoder.signatureEncodingOffset();
    private static final int NONCE_LENGTH = HelloEncoder.nonceLength();
    private static final int BUCKET_CAPACITY = 8;
    private static final long CHECK_INTERVAL_NS = 50_000_000;
    private static final long REPEAT_INTERVAL_NS = 10_000_000;

    private final Local local;
    private final int localId;
    private final int remoteId;
    private final MacKeyRing inbound;
    private final byte[] groupId;
    private final SessionKeys.Sealing sealing;
    private final SessionKeys pairKey;

    private final MessageHeaderEncoder headerEncoder = new MessageHeaderEncoder();
    private final MessageHeaderDecoder headerDecoder = new MessageHeaderDecoder();
    private final HelloEncoder helloEncoder = new HelloEncoder();
    private final HelloDecoder helloDecoder = new HelloDecoder();
    private final WelcomeEncoder welcomeEncoder = new WelcomeEncoder();
    private final WelcomeDecoder welcomeDecoder = new WelcomeDecoder();
    private final Digest digest = new Digest();

    private final TokenBucket newHellos = new TokenBucket(CHECK_INTERVAL_NS);
    private final TokenBucket staleHellos = new TokenBucket(4 * CHECK_INTERVAL_NS);
    private final TokenBucket welcomes = new TokenBucket(CHECK_INTERVAL_NS);
    private final TokenBucket repeats = new TokenBucket(REPEAT_INTERVAL_NS);

    private final UnsafeBuffer hello = new UnsafeBuffer(new byte[HEADER_LENGTH + HelloEncoder.BLOCK_LENGTH]);
    private final UnsafeBuffer welcome = new UnsafeBuffer(new byte[HEADER_LENGTH + WelcomeEncoder.BLOCK_LENGTH]);
    private final UnsafeBuffer staleWelcome = new UnsafeBuffer(new byte[HEADER_LENGTH + WelcomeEncoder.BLOCK_LENGTH]);
    private final UnsafeBuffer helloDigest = new UnsafeBuffer(new byte[Digest.LENGTH]);
    private final UnsafeBuffer answeredDigest = new UnsafeBuffer(new byte[Digest.LENGTH]);
    private final UnsafeBuffer scratchDigest = new UnsafeBuffer(new byte[Digest.LENGTH]);
    private final byte[] ephemeralSecret = new byte[X25519.SCALAR_SIZE];

    private boolean pending;
    private long attempt;
    private boolean answered;
    private long seenIncarnation = -1;
    private long seenAttempt = -1;
    private SessionKeys opened;
    private DirectBuffer reply;

    /**
     * What all handshakes of this process share.
     *
     * @param incarnation number of this process, not negative, higher than that of the peer's earlier processes
     * @param random source of ephemeral keys and nonces
     */
    public record Local(
            Roster roster,
            PeerIdentity identity,
            long incarnation,
            Signer signer,
            Verifier verifier,
            SecureRandom random) {
        public Local {
            if (roster.idOf(identity.publicKey()) < 0) {
                throw new IllegalArgumentException("the key " + identity.fingerprint() + " is not in the roster");
            }
            if (incarnation < 0) {
                throw new IllegalArgumentException("incarnation is " + incarnation + ", must not be negative");
            }
        }

        /** This peer's id in the roster. */
        public int peerId() {
            return roster.idOf(identity.publicKey());
        }
    }

    /** What came of an incoming handshake message. */
    public enum Outcome {
        /** A Hello was answered: send {@link #reply()}, a Welcome. */
        ANSWERED(null),
        /** Our session for sending is there: {@link #opened()}. */
        OPENED(null),
        MALFORMED(DropReason.HANDSHAKE_MALFORMED),
        WRONG_MAC(DropReason.HANDSHAKE_MAC),
        STALE(DropReason.HANDSHAKE_STALE),
        BUDGET(DropReason.HANDSHAKE_BUDGET),
        SIGNATURE(DropReason.HANDSHAKE_SIGNATURE),
        WEAK_KEY(DropReason.HANDSHAKE_WEAK_KEY);

        private final DropReason dropReason;

        Outcome(final DropReason dropReason) {
            this.dropReason = dropReason;
        }

        /** Why the message was dropped, or null if it was not. */
        public DropReason dropReason() {
            return dropReason;
        }
    }

    public Handshake(final Local local, final int remoteId, final MacKeyRing inbound) {
        localId = local.peerId();
        if (remoteId == localId) {
            throw new IllegalArgumentException("peer " + remoteId + " is this peer itself");
        }
        local.roster().peer(remoteId);
        this.local = local;
        this.remoteId = remoteId;
        this.inbound = inbound;
        groupId = local.roster().groupId();
        sealing = SessionKeys.Sealing.of(local.roster());
        final byte[] secret =
                local.identity().staticSecret(local.roster().peer(remoteId).publicKey());
        pairKey = SessionKeys.derivePair(secret, groupId);
        Arrays.fill(secret, (byte) 0);
    }

    /** True from the first {@link #hello()} until its Welcome has come. */
    public boolean isPending() {
        return pending;
    }

    /** Forgets a Hello that was not answered, so that the next one is fresh. */
    public void abandon() {
        pending = false;
        Arrays.fill(ephemeralSecret, (byte) 0);
    }

    /** The Hello to send: a fresh one, or the same again while it waits for its Welcome. */
    public DirectBuffer hello() {
        if (!pending) {
            makeHello();
        }
        return hello;
    }

    /** The answer that {@link #onMessage} made; valid until the next call. */
    public DirectBuffer reply() {
        return reply;
    }

    /** The answer to the newest Hello that was answered. */
    public DirectBuffer welcome() {
        return welcome;
    }

    /** The newest session for sending, or null. */
    public SessionKeys opened() {
        return opened;
    }

    /** Takes one handshake message that claims to be from the other peer; hostile bytes do no more than return an outcome. */
    public Outcome onMessage(final DirectBuffer buffer, final int offset, final int lengthBytes, final long nowNs) {
        reply = null;
        if (lengthBytes < HEADER_LENGTH) {
            return Outcome.MALFORMED;
        }
        headerDecoder.wrap(buffer, offset);
        if (headerDecoder.schemaId() != HelloDecoder.SCHEMA_ID
                || headerDecoder.version() != HelloDecoder.SCHEMA_VERSION
                || headerDecoder.blockLength() != lengthBytes - HEADER_LENGTH) {
            return Outcome.MALFORMED;
        }
        final int block = lengthBytes - HEADER_LENGTH;
        final int templateId = headerDecoder.templateId();
        if (templateId == HelloDecoder.TEMPLATE_ID && block == HelloDecoder.BLOCK_LENGTH) {
            return onHello(buffer, offset, nowNs);
        }
        if (templateId == WelcomeDecoder.TEMPLATE_ID && block == WelcomeDecoder.BLOCK_LENGTH) {
            return onWelcome(buffer, offset, nowNs);
        }
        return Outcome.MALFORMED;
    }

    private void makeHello() {
        X25519.generatePrivateKey(local.random(), ephemeralSecret);
        final byte[] ephemeralKey = new byte[X25519.POINT_SIZE];
        X25519.generatePublicKey(ephemeralSecret, 0, ephemeralKey, 0);
        final byte[] nonce = new byte[NONCE_LENGTH];
        local.random().nextBytes(nonce);
        hello.setMemory(0, hello.capacity(), (byte) 0);
        helloEncoder
                .wrapAndApplyHeader(hello, 0, headerEncoder)
                .incarnation(local.incarnation())
                .attempt(++attempt)
                .epoch(local.roster().epoch())
                .fromPeer(localId)
                .toPeer(remoteId)
                .suite(sealing.suite())
                .flags(0)
                .putGroupId(groupId, 0, groupId.length)
                .putEphemeralKey(ephemeralKey, 0, ephemeralKey.length)
                .putNonce(nonce, 0, nonce.length);
        local.signer().sign(SigningDomain.HANDSHAKE, hello, 0, HELLO_SIGNED_LENGTH, hello, HELLO_SIGNED_LENGTH);
        pairKey.tag(hello, 0, HELLO_MAC_OFFSET, hello, HELLO_MAC_OFFSET);
        digest.digest(hello, 0, HELLO_SIGNED_LENGTH, helloDigest, 0);
        pending = true;
    }

    private Outcome onHello(final DirectBuffer buffer, final int offset, final long nowNs) {
        helloDecoder.wrap(buffer, offset + HEADER_LENGTH, HelloDecoder.BLOCK_LENGTH, HelloDecoder.SCHEMA_VERSION);
        final long incarnation = helloDecoder.incarnation();
        final long helloAttempt = helloDecoder.attempt();
        if (helloDecoder.fromPeer() != remoteId
                || helloDecoder.toPeer() != localId
                || helloDecoder.epoch() != local.roster().epoch()
                || helloDecoder.suite() != sealing.suite()
                || helloDecoder.flags() != 0
                || incarnation < 0
                || helloAttempt < 1
                || !equalAt(buffer, offset + HEADER_LENGTH + HelloDecoder.groupIdEncodingOffset(), groupId)) {
            return Outcome.MALFORMED;
        }
        if (!pairKey.matches(buffer, offset, HELLO_MAC_OFFSET, offset + HELLO_MAC_OFFSET)) {
            return Outcome.WRONG_MAC;
        }
        digest.digest(buffer, offset, HELLO_SIGNED_LENGTH, scratchDigest, 0);
        if (answered && scratchDigest.equals(answeredDigest)) {
            // The same question again: the same answer, without any work and without any change here.
            return repeats.take(nowNs) ? answer(welcome, Outcome.ANSWERED) : Outcome.BUDGET;
        }
        final boolean fresh =
                incarnation > seenIncarnation || (incarnation == seenIncarnation && helloAttempt > seenAttempt);
        if (!(fresh ? newHellos : staleHellos).take(nowNs)) {
            return Outcome.BUDGET;
        }
        if (!isSignedByRemote(buffer, offset, HELLO_SIGNED_LENGTH)) {
            return Outcome.SIGNATURE;
        }
        return welcome(buffer, offset, incarnation, helloAttempt, fresh);
    }

    private Outcome welcome(
            final DirectBuffer buffer,
            final int offset,
            final long incarnation,
            final long helloAttempt,
            final boolean fresh) {
        final byte[] secret = new byte[X25519.SCALAR_SIZE];
        X25519.generatePrivateKey(local.random(), secret);
        final byte[] shared = agree(secret, buffer, offset + HEADER_LENGTH + HelloDecoder.ephemeralKeyEncodingOffset());
        if (shared == null) {
            return Outcome.WEAK_KEY;
        }
        final byte[] ephemeralKey = new byte[X25519.POINT_SIZE];
        X25519.generatePublicKey(secret, 0, ephemeralKey, 0);
        Arrays.fill(secret, (byte) 0);
        // The kept answer belongs to the newest Hello only; the answer to an older one must not take its place.
        final UnsafeBuffer message = fresh ? welcome : staleWelcome;
        welcomeEncoder
                .wrapAndApplyHeader(message, 0, headerEncoder)
                .incarnation(local.incarnation())
                .epoch(local.roster().epoch())
                .fromPeer(localId)
                .toPeer(remoteId)
                .suite(sealing.suite())
                .flags(0)
                .putGroupId(groupId, 0, groupId.length)
                .putHelloDigest(scratchDigest, 0, Digest.LENGTH)
                .putEphemeralKey(ephemeralKey, 0, ephemeralKey.length);
        local.signer().sign(SigningDomain.HANDSHAKE, message, 0, WELCOME_SIGNED_LENGTH, message, WELCOME_SIGNED_LENGTH);
        inbound.offer(SessionKeys.derive(shared, transcript(message, 0), incarnation, sealing), fresh);
        Arrays.fill(shared, (byte) 0);
        if (fresh) {
            answered = true;
            answeredDigest.putBytes(0, scratchDigest, 0, Digest.LENGTH);
            seenIncarnation = incarnation;
            seenAttempt = helloAttempt;
        }
        return answer(message, Outcome.ANSWERED);
    }

    private Outcome onWelcome(final DirectBuffer buffer, final int offset, final long nowNs) {
        welcomeDecoder.wrap(buffer, offset + HEADER_LENGTH, WelcomeDecoder.BLOCK_LENGTH, WelcomeDecoder.SCHEMA_VERSION);
        if (welcomeDecoder.fromPeer() != remoteId
                || welcomeDecoder.toPeer() != localId
                || welcomeDecoder.epoch() != local.roster().epoch()
                || welcomeDecoder.suite() != sealing.suite()
                || welcomeDecoder.flags() != 0
                || welcomeDecoder.incarnation() < 0
                || !equalAt(buffer, offset + HEADER_LENGTH + WelcomeDecoder.groupIdEncodingOffset(), groupId)) {
            return Outcome.MALFORMED;
        }
        final int digestOffset = offset + HEADER_LENGTH + WelcomeDecoder.helloDigestEncodingOffset();
        if (!pending || !equalAt(buffer, digestOffset, helloDigest.byteArray())) {
            return Outcome.STALE;
        }
        if (!welcomes.take(nowNs)) {
            return Outcome.BUDGET;
        }
        if (!isSignedByRemote(buffer, offset, WELCOME_SIGNED_LENGTH)) {
            return Outcome.SIGNATURE;
        }
        final byte[] shared =
                agree(ephemeralSecret, buffer, offset + HEADER_LENGTH + WelcomeDecoder.ephemeralKeyEncodingOffset());
        if (shared == null) {
            return Outcome.WEAK_KEY;
        }
        opened = SessionKeys.derive(shared, transcript(buffer, offset), welcomeDecoder.incarnation(), sealing);
        Arrays.fill(shared, (byte) 0);
        abandon();
        return Outcome.OPENED;
    }

    private Outcome answer(final DirectBuffer message, final Outcome outcome) {
        reply = message;
        return outcome;
    }

    private boolean isSignedByRemote(final DirectBuffer buffer, final int offset, final int signedLength) {
        return local.verifier()
                .verify(remoteId, SigningDomain.HANDSHAKE, buffer, offset, signedLength, buffer, offset + signedLength);
    }

    /** The signed part of the Welcome names the Hello's digest, so its hash covers both messages. */
    private byte[] transcript(final DirectBuffer welcomeMessage, final int offset) {
        final UnsafeBuffer hash = new UnsafeBuffer(new byte[Digest.LENGTH]);
        digest.digest(welcomeMessage, offset, WELCOME_SIGNED_LENGTH, hash, 0);
        return hash.byteArray();
    }

    private static byte[] agree(final byte[] secret, final DirectBuffer buffer, final int keyOffset) {
        final byte[] remoteKey = new byte[X25519.POINT_SIZE];
        buffer.getBytes(keyOffset, remoteKey);
        final byte[] shared = new byte[X25519.POINT_SIZE];
        return X25519.calculateAgreement(secret, 0, remoteKey, 0, shared, 0) ? shared : null;
    }

    private static boolean equalAt(final DirectBuffer buffer, final int offset, final byte[] expected) {
        final byte[] given = new byte[expected.length];
        buffer.getBytes(offset, given);
        return MessageDigest.isEqual(given, expected);
    }

    /** Tokens come back one an interval, up to a small store. */
    private static final class TokenBucket {
        private final long intervalNs;
        private int tokens = BUCKET_CAPACITY;
        private boolean started;
        private long countedNs;

        TokenBucket(final long intervalNs) {
            this.intervalNs = intervalNs;
        }

        boolean take(final long nowNs) {
            if (!started || nowNs - countedNs < 0) {
                started = true;
                countedNs = nowNs;
            }
            final long earned = (nowNs - countedNs) / intervalNs;
            if (earned > 0) {
                tokens = (int) Math.min(BUCKET_CAPACITY, tokens + Math.min(earned, BUCKET_CAPACITY));
                countedNs += earned * intervalNs;
            }
            if (tokens == 0) {
                return false;
            }
            tokens--;
            return true;
        }
    }
}
