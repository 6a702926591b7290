"""Deploys the stack into the emulator, as `sam deploy` does into AWS: ENDPOINT STACK ZIP_FOLDER [Key=Value ...]
Prints the stack's outputs, and its resources' physical ids under "resources", as JSON."""
import json
import pathlib
import platform
import sys

import boto3
from samtranslator.yaml_helper import yaml_parse

endpoint, stack, zips = sys.argv[1:4]
parameters = {
    "Architecture": {"x86_64": "x86_64"}.get(platform.machine(), "arm64"),
    "MailDomain": "example.com",
    **dict(argument.split("=", 1) for argument in sys.argv[4:]),
}
aws = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
s3, cloudformation = (aws.client(service, endpoint_url=endpoint) for service in ("s3", "cloudformation"))


def emulated(value):
    """What the emulator can't evaluate, as it can. Nothing here widens what AWS is given: the template stays as it is."""
    if isinstance(value, list):
        return [emulated(item) for item in value if not only_tls(item)]
    if not isinstance(value, dict):
        return value
    if value.get("Action") == ["ses:SendEmail", "ses:SendRawEmail"]:
        # It asks for no identity and knows no sender.
        return {"Effect": "Allow", "Action": value["Action"], "Resource": "*"}
    if value.get("Action") == "scheduler:CreateSchedule":
        # It looks for every schedule in the default group.
        return {**value, "Resource": json.loads(json.dumps(value["Resource"]).replace("${Schedules}", "default"))}
    if value.get("Action") == "events:PutEvents":
        # It does not look into the entries.
        return {key: part for key, part in value.items() if key != "Condition"}
    if value.get("source") == ["aws.ses"]:
        # Nobody may publish as aws.ses, there as on AWS; tests play SES under this name.
        return {**value, "source": ["aws.ses", "test.ses"]}
    if "Pattern" in value:
        # Where an image is absent, it does not see that its leaves are. The function compares the images, too.
        pattern = json.loads(value["Pattern"])
        pattern["dynamodb"].pop("OldImage", None)
        return {"Pattern": json.dumps(pattern)}
    if "MaximumConcurrency" in value:
        # It takes a parameter's number for text.
        return {"MaximumConcurrency": 10}
    # It has no CodeDeploy.
    return {key: emulated(part) for key, part in value.items() if key != "DeploymentPreference"}


def only_tls(statement):
    """Whether a statement refuses plain HTTP, which the emulator speaks."""
    return isinstance(statement, dict) and statement.get("Sid") == "DenyInsecureTransport"


bucket = f"{stack}-packages"
s3.create_bucket(Bucket=bucket)
text = (pathlib.Path(__file__).parents[2] / "lambda/template.yaml").read_text()
template = emulated(yaml_parse(text))
for resource in template["Resources"].values():
    if uri := resource.get("Properties", {}).get("CodeUri"):
        package = pathlib.Path(zips) / pathlib.Path(uri).name
        s3.upload_file(str(package), bucket, package.name)
        resource["Properties"]["CodeUri"] = f"s3://{bucket}/{package.name}"
# A policy that said nothing but "only TLS" is empty now; alarms over several metrics are unknown to the emulator.
template["Resources"] = {
    name: resource
    for name, resource in template["Resources"].items()
    for properties in [resource.get("Properties", {})]
    if properties.get("PolicyDocument", {}).get("Statement", True)
    and not (resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in properties)
}
# Its SES has no DKIM.
del template["Outputs"]["DkimRecords"]
s3.put_object(Bucket=bucket, Key="template.json", Body=json.dumps(template))
cloudformation.create_stack(
    StackName=stack,
    TemplateURL=f"{endpoint}/{bucket}/template.json",
    Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
)
try:
    cloudformation.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
except Exception:
    for event in cloudformation.describe_stack_events(StackName=stack)["StackEvents"]:
        if event["ResourceStatus"].endswith("FAILED"):
            print(event["LogicalResourceId"], event.get("ResourceStatusReason"), file=sys.stderr)
    raise
outputs = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
print(json.dumps({
    **{output["OutputKey"]: output["OutputValue"] for output in outputs},
    "resources": {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources},
}, indent=1))
