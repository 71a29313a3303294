"""A key that has expired, and what it signed before: made with GnuPG's ``--faked-system-time``.

The signatures are of ``SIGNED``, of 2020-06-01. The key ended with that year, and the second
signature a month after it was made.
"""

SIGNED = b"data\n"
KEY = b"""\
-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEXgvhABYJKwYBBAHaRw8BAQdAGEZJQd+PqwCOHguZJVCavnlusCaZ8Yt5mSqk
ls3vhAS0A2FAYoiWBBMWCAA+FiEEm0MUbBbLqLrtvSnzZyhi9udQuqIFAl4L4QAC
GwMFCQHhM4AFCwkIBwIGFQoJCAsCBBYCAwECHgECF4AACgkQZyhi9udQuqJPygD+
N+uWybDzmAMcEXM2wsndV/bsDDE9WMBpnfcxmsPZGaIBALieJ55UpxIpB9eZwsC5
MPtccHRVvAbIsJCLBbx91zwC
=sJDI
-----END PGP PUBLIC KEY BLOCK-----
"""
BY_EXPIRED_KEY = b"""\
-----BEGIN PGP SIGNATURE-----

iHUEABYIAB0WIQSbQxRsFsuouu29KfNnKGL251C6ogUCXtRFAAAKCRBnKGL251C6
ouMsAQCQGgEjEWyVkfYuyb0/tPp0hrKyAY67a2EzvUXMrLtu/gEAyMgq0BgAR8sV
3B1VH6RPzjql4IpK5EYXuPP2yWRrOAs=
=Pg1F
-----END PGP SIGNATURE-----
"""
EXPIRED_SIGNATURE = b"""\
-----BEGIN PGP SIGNATURE-----

iHsEABYIACMWIQSbQxRsFsuouu29KfNnKGL251C6ogUCXtRFAAWDACeNAAAKCRBn
KGL251C6oq2bAQCPUZkOeO6Hw65/QeQ/sOSs93cuwnq19EH6J88raDpyQAD8CGnG
eiHEVGy9ovGvT3OfEccWfNNy9630GVrAnfQEGgs=
=XmmT
-----END PGP SIGNATURE-----
"""
