package io.quorate.peer.format;

import io.quorate.engine.agent.CertifiedDecision;
import io.quorate.engine.coordination.Coordinator;
import io.quorate.engine.decision.Certificate;
import io.quorate.engine.decision.Decision;
import io.quorate.peer.round.LocalRound;
import io.quorate.peer.round.RoundFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;

/** A small round with one peer that lies, and its decision under signatures that nobody made. */
public final class SampleDecision {
    public static final String ROUND = """
            {"peers":[
              {"id":"a","type":"x","content":"left","embedding":[0.1,0.2,0.3,1e-30]},
              {"id":"b","type":"x","content":"left","embedding":[0.1,0.25,0.3,0]},
              {"id":"c","type":"y","content":"left","embedding":[0.12,0.2,0.33,0]},
              {"id":"d","type":"y","content":"right","embedding":[-900,31,7,12]}],
             "heads":2}
            """;

    private SampleDecision() {}

    public static CertifiedDecision certified() throws IOException {
        final byte[] bytes = ROUND.getBytes(StandardCharsets.UTF_8);
        final Decision decision = LocalRound.of(
                        RoundFile.read(new ByteArrayInputStream(bytes), "test"), Coordinator.Mode.BYZANTINE)
                .decision();
        final Certificate certificate = new Certificate(
                decision.round(),
                1,
                decision.sequence(),
                HexFormat.of().formatHex(decision.digest()),
                List.of(new Certificate.Signature(0, "ab".repeat(64)), new Certificate.Signature(2, "cd".repeat(64))));
        return new CertifiedDecision(decision, certificate, 42);
    }
}
