"""What goes wrong between here and AWS, in words that a person can act on and that hold no value."""

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_CODE = re.compile(r"[A-Za-z0-9.]{1,64}")

_UNREACHABLE = "AWS cannot be reached; is the network there, and is the region right?"
_SIGN_IN = "the AWS sign-in has expired, or was never made; sign in again with: aws sso login{profile}"
_NOT_AWS = "what answers is not AWS; is there a proxy, or a sign-in page of the network, in between?"
_SEE_WHY = "see why with: aws sts get-caller-identity{profile}"
_NO_SOURCE = f"the AWS credentials cannot be had; {_SEE_WHY}"
_CONFIG = "the AWS config files are not in order; see what is wrong with: aws configure list{profile}"

# By the name of botocore's class, or of one it inherits from: importing it takes long.
_BY_CLASS = {
    "NoCredentialsError": (
        "the daemon finds no AWS credentials; sign in with aws configure or aws sso login, "
        "or name an AWS profile in the variable's config (profile)"
    ),
    "PartialCredentialsError": "the AWS credentials are incomplete; see them with: aws configure list{profile}",
    "ProfileNotFound": (
        "the AWS profile is in none of the AWS config files; see which are with: aws configure list-profiles, "
        "and name one of them in the variable's config (profile), or in the daemon's AWS_PROFILE"
    ),
    "SSOError": _SIGN_IN,
    "TokenRetrievalError": _SIGN_IN,
    "LoginError": "the AWS sign-in has expired, or was never made; sign in again with: aws login{profile}",
    # That is awscrt, which is large, and which nothing else needs.
    "MissingDependencyException": (
        "what aws login leaves can be read with the library awscrt alone; install it beside ccsched, "
        "for example with: pipx inject ccsched awscrt, or sign in with: aws sso login{profile}"
    ),
    "CredentialRetrievalError": _NO_SOURCE,
    "MetadataRetrievalError": _NO_SOURCE,
    "RefreshWithMFAUnsupportedError": _NO_SOURCE,
    # What the AWS library reads an MFA code from is at its end.
    "EOFError": "the AWS credentials want an MFA code, and nobody is there to type one; use others for the daemon",
    "InvalidConfigError": _CONFIG,
    "ConfigParseError": _CONFIG,
    "ConfigNotFound": _CONFIG,
    "NoRegionError": "no AWS region is set; name one in the variable's config (region), or in AWS_DEFAULT_REGION",
    "InvalidRegionError": "the AWS region is not a region's name; mend it in the variable's config (region)",
    "SSLError": (
        "the connection to AWS is not trusted; is there a proxy whose certificate AWS_CA_BUNDLE should name, "
        "or is the clock wrong?"
    ),
    "ResponseParserError": _NOT_AWS,
    # The library takes what is not JSON for an answer without fields.
    "KeyError": _NOT_AWS,
    "ConnectionError": _UNREACHABLE,
    "HTTPClientError": _UNREACHABLE,
    "ImportError": "the library boto3 cannot be loaded; install ccsched again",
}

_NOT_THERE = "there is no such {noun} in the region {region}, or it has no value; are name, region and account right?"
_EXPIRED = "the AWS credentials have expired; renew them, for example with: aws sso login{profile}"
_UNKNOWN = "AWS does not accept the credentials; see whose they are with: aws sts get-caller-identity{profile}"
_DENIED = (
    "AWS does not allow it; the credentials need the permission {permission} for this {noun}, "
    "and kms:Decrypt if it is encrypted with a key of your own"
)
_NO_NAME = "its value is not a name that AWS takes"
_KEY = "AWS cannot decrypt it; its KMS key is disabled, or gone"
_BUSY = "AWS has no time for it now; try again later"

# By AWS's own code, without an "Exception" at its end.
_BY_CODE = {
    "ResourceNotFound": _NOT_THERE,
    "ParameterNotFound": _NOT_THERE,
    "ParameterVersionNotFound": _NOT_THERE,
    "InvalidRequest": "the {noun} is marked for deletion, or has no value; restore it, or name another",
    "AccessDenied": _DENIED,
    "UnauthorizedOperation": _DENIED,
    "ExpiredToken": _EXPIRED,
    "RequestExpired": _EXPIRED,
    "TokenRefreshRequired": _EXPIRED,
    "UnrecognizedClient": _UNKNOWN,
    "InvalidClientTokenId": _UNKNOWN,
    "InvalidSignature": _UNKNOWN,
    "SignatureDoesNotMatch": _UNKNOWN,
    "IncompleteSignature": _UNKNOWN,
    "MissingAuthenticationToken": _UNKNOWN,
    "DecryptionFailure": _KEY,
    "InvalidKeyId": _KEY,
    "Validation": _NO_NAME,
    "InvalidParameter": _NO_NAME,
    "Throttling": _BUSY,
    "TooManyRequests": _BUSY,
    "RequestLimitExceeded": _BUSY,
    "InternalServiceError": _BUSY,
    "InternalServerError": _BUSY,
    "InternalFailure": _BUSY,
    "ServiceUnavailable": _BUSY,
}


@dataclass(frozen=True)
class Asked:
    """What was asked of AWS, and how."""

    noun: str
    """What the value is called in its service."""
    permission: str
    """What the credentials must allow: service and operation, with a colon between them."""
    profile: str | None
    """The AWS profile, if the variable names one."""
    region: str | None
    """None as long as there is no client for it."""


def cause_of(error: Exception, asked: Asked) -> str:
    """Why a value could not be read. Nothing of the error's own text is in it: that may hold anything."""
    cause = _cause_of_answer(error, asked) if _is_answer(error) else _cause_of_failure(error)
    profile = f" --profile {shlex.quote(asked.profile)}" if asked.profile else ""
    return cause.format(noun=asked.noun, permission=asked.permission, region=asked.region, profile=profile)


def _is_answer(error: Exception) -> TypeGuard["ClientError"]:
    return any(kind.__name__ == "ClientError" for kind in type(error).__mro__)


def _cause_of_answer(error: "ClientError", asked: Asked) -> str:
    written = error.response.get("Error", {}).get("Code", "")
    code = written.removesuffix("Exception") if _CODE.fullmatch(written) else "a code that is none"
    if not asked.permission.endswith(f":{error.operation_name}"):
        return f"the AWS credentials cannot be had ({error.operation_name}: {code}); {_SEE_WHY}"
    if code in _BY_CODE:
        return _BY_CODE[code]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if status == 403:
        return _DENIED
    if status >= 500:
        return _BUSY
    return f"AWS refuses it ({code})"


def _cause_of_failure(error: Exception) -> str:
    for kind in type(error).__mro__:
        if kind.__name__ in _BY_CLASS:
            return _BY_CLASS[kind.__name__]
    return f"the AWS library fails ({type(error).__name__}); {_SEE_WHY}"
