"""Backend services by fhirclient, the SMART client of Python (https://hl7.org/fhir/smart-app-launch/backend-services.html).

Wanted in the environment: FHIR_BASE, SERVER_PROGRAM; a VESTA_... that leads to the database.
"""

import json
import os
import subprocess
import tempfile
import time
import unittest
import uuid

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from fhirclient import client
from fhirclient.models.observation import Observation
from fhirclient.models.patient import Patient
from fhirclient.server import FHIRUnauthorizedException

BASE = os.environ["FHIR_BASE"]
KEYS = {
    "ES384": (ec.generate_private_key(ec.SECP384R1()), jwt.algorithms.ECAlgorithm),
    "RS384": (rsa.generate_private_key(65537, 2048), jwt.algorithms.RSAAlgorithm),
}


def register(name, algorithm):
    """A system whose public key the server is told."""
    key, form = KEYS[algorithm]
    public = form.to_jwk(key.public_key(), as_dict=True)
    public.update({"kid": name, "alg": algorithm, "use": "sig"})
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"keys": [public]}, file)
        file.flush()
        vesta = [os.environ["SERVER_PROGRAM"], "client", "add", name, "--id", name, "--jwks", file.name]
        subprocess.run([*vesta, "--scopes", "system/Patient.rs system/Observation.rs"], check=True, stdout=subprocess.DEVNULL)


def assertion(name, algorithm, **changes):
    now = int(time.time())
    claims = {"iss": name, "sub": name, "aud": f"{BASE}/auth/token", "exp": now + 240, "jti": str(uuid.uuid4())}
    return jwt.encode({**claims, **changes}, KEYS[algorithm][0], algorithm=algorithm, headers={"kid": name})


def connected(name, token):
    smart = client.FHIRClient(settings={
        "app_id": name, "api_base": f"{BASE}/", "jwt_token": token, "scope": "system/Patient.rs system/Observation.rs",
    })
    smart.wants_patient = False
    smart.prepare()
    smart.authorize()
    return smart


class BackendServices(unittest.TestCase):
    def test_a_system_reads_and_searches(self):
        for algorithm in KEYS:
            with self.subTest(algorithm):
                name = f"backend-{algorithm.lower()}"
                register(name, algorithm)
                smart = connected(name, assertion(name, algorithm))
                self.assertTrue(smart.ready)
                anna = Patient.read("anna", smart.server)
                self.assertEqual(anna.name[0].family, "Brückner")
                found = next(Observation.where({"patient": "anna", "_count": "3"}).perform_iter(smart.server))
                self.assertEqual(len(found.entry), 3)

    def test_an_assertion_counts_once_and_a_strange_key_never(self):
        register("backend-replayed", "ES384")
        once = assertion("backend-replayed", "ES384")
        connected("backend-replayed", once)
        expired = assertion("backend-replayed", "ES384", exp=int(time.time()) - 600)
        elsewhere = assertion("backend-replayed", "ES384", aud="https://other.example/token")
        strange = assertion("backend-replayed", "RS384")
        for token in (once, expired, elsewhere, strange):
            with self.assertRaises(Exception) as refused:
                connected("backend-replayed", token)
            self.assertEqual(refused.exception.response.status_code, 401)


if __name__ == "__main__":
    unittest.main(verbosity=2)
